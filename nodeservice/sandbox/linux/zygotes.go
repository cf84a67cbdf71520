package linux

import (
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/minifaas/minifaas/internal/function"
)

// zygotes are those of a node. Of each breed in use one waits that has served nobody;
// a tenant's first container takes it, and from then on it is that tenant's alone.
type zygotes struct {
	runtime *Runtime
	budget  int64 // bytes

	wake  chan struct{} // holds one token when there may be one to start
	ended chan struct{} // closed when none is started any more
	kills sync.WaitGroup

	mu     sync.Mutex // guards the fields below, and those of the zygotes that say so
	alive  []*zygote
	breeds map[breed]*interest
	serial int
}

// breed is what a zygote is and has imported.
type breed struct {
	interpreter string
	preload     string // modules, with blanks between
}

func (b breed) modules() []string { return strings.Fields(b.preload) }

// interest in a breed.
type interest struct {
	last   time.Time // asked for
	failed time.Time // to start
}

const (
	// retryAfter is how long a breed is left alone that could not be started: most often it
	// names a module that is not there.
	retryAfter = time.Minute
	// keptAfter is how long one is kept after its last use, though others want its memory.
	keptAfter = time.Minute
)

func newZygotes(r *Runtime, budget int64) *zygotes {
	z := &zygotes{
		runtime: r, budget: budget,
		wake: make(chan struct{}, 1), ended: make(chan struct{}), breeds: map[breed]*interest{},
	}
	go z.keep()
	return z
}

// breedOf reports false for functions that no zygote's fork can run.
func breedOf(f function.Function, program interpreter) (breed, bool) {
	if f.Runtime != function.Python3 || function.NeedsOwnStart(f.Environment) {
		return breed{}, false
	}
	return breed{program.path, strings.Join(f.Preload, " ")}, true
}

// take returns the tenant's zygote for the function, or nil.
func (z *zygotes) take(f function.Function, program interpreter) *zygote {
	b, ok := breedOf(f, program)
	if z == nil || !ok {
		return nil
	}
	z.mu.Lock()
	defer z.mu.Unlock()
	defer poke(z.wake)
	now := time.Now()
	z.interest(b).last = now
	one := z.find(b, f.Name.Account)
	if one == nil {
		one = z.find(b, "")
	}
	if one != nil {
		one.account, one.used = f.Name.Account, now
	}
	return one
}

// expect has one started of the breed of each function.
func (z *zygotes) expect(functions []function.Function) {
	if z == nil {
		return
	}
	z.mu.Lock()
	defer z.mu.Unlock()
	for _, f := range functions {
		program, err := findInterpreter(f.Runtime, os.Getenv("PATH"))
		if b, ok := breedOf(f, program); ok && err == nil {
			z.interest(b).last = time.Now()
		}
	}
	poke(z.wake)
}

// distrust ends one whose fork came to nothing, and lets its breed rest.
func (z *zygotes) distrust(one *zygote) {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.interest(one.breed).failed = time.Now()
	z.alive = slices.DeleteFunc(z.alive, func(other *zygote) bool { return other == one })
	z.kills.Go(one.kill)
}

// held is the memory of all, in bytes.
func (z *zygotes) held() int64 {
	if z == nil {
		return 0
	}
	z.mu.Lock()
	defer z.mu.Unlock()
	return z.sum()
}

// close returns when all have ended; the runtime must be closing, and create nothing any more.
func (z *zygotes) close() {
	if z == nil {
		return
	}
	<-z.ended
	for _, one := range z.alive {
		one.kill()
	}
	z.kills.Wait()
}

// keep starts zygotes one at a time, and ends those that are not used.
func (z *zygotes) keep() {
	defer close(z.ended)
	tick := time.NewTicker(poolInterval)
	defer tick.Stop()
	for {
		b, wanted := z.look(time.Now())
		if wanted && z.runtime.awaitSpare() {
			z.add(b)
			continue
		}
		select {
		case <-z.wake:
		case <-tick.C:
		case <-z.runtime.closing:
			return
		}
	}
}

func (z *zygotes) add(b breed) {
	z.serial++
	one, err := z.runtime.startZygote("_zygote-"+strconv.Itoa(z.serial), b, z.budget-z.held()) // no container's id begins so
	z.mu.Lock()
	defer z.mu.Unlock()
	if err != nil {
		z.interest(b).failed = time.Now()
		z.runtime.log.Warn("no zygote: containers start interpreters of their own",
			zap.String("interpreter", b.interpreter), zap.Strings("preload", b.modules()), zap.Error(err))
		return
	}
	one.used = time.Now()
	z.alive = append(z.alive, one)
}

// look finds the breed of which none waits that was asked for last, and ends zygotes that are not
// used, and the longest unused one where the memory is short.
func (z *zygotes) look(now time.Time) (missing breed, wanted bool) {
	z.mu.Lock()
	defer z.mu.Unlock()
	var last time.Time
	for b, i := range z.breeds {
		if now.Sub(i.last) > forgotten {
			delete(z.breeds, b)
		} else if i.last.After(last) && z.find(b, "") == nil && now.Sub(i.failed) > retryAfter {
			missing, wanted, last = b, true, i.last
		}
	}
	z.alive = slices.DeleteFunc(z.alive, func(one *zygote) bool {
		old := now.Sub(one.used) > forgotten && (one.account != "" || z.breeds[one.breed] == nil)
		if old {
			z.kills.Go(one.kill)
		}
		return old || one.dead()
	})
	if !wanted || z.sum()+zygoteHolds <= z.budget {
		return missing, wanted
	}
	longest := -1
	for i, one := range z.alive {
		if longest < 0 || one.used.Before(z.alive[longest].used) {
			longest = i
		}
	}
	if longest < 0 || now.Sub(z.alive[longest].used) < keptAfter {
		return missing, false
	}
	z.kills.Go(z.alive[longest].kill)
	z.alive = slices.Delete(z.alive, longest, longest+1)
	return missing, z.sum()+zygoteHolds <= z.budget
}

// find returns the tenant's zygote of the breed, or nil; "" is for one of nobody's.
func (z *zygotes) find(b breed, account string) *zygote {
	for _, one := range z.alive {
		if one.breed == b && one.account == account && !one.dead() {
			return one
		}
	}
	return nil
}

func (z *zygotes) interest(b breed) *interest {
	if z.breeds[b] == nil {
		z.breeds[b] = &interest{}
	}
	return z.breeds[b]
}

func (z *zygotes) sum() (bytes int64) {
	for _, one := range z.alive {
		bytes += one.holds
	}
	return bytes
}
