package linux

import (
	"os"
	"slices"
	"strconv"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/minifaas/minifaas/internal/function"
	"github.com/minifaas/minifaas/nodeservice/sandbox"
)

// zygotes are those of a node. Of each breed in use one waits that has served nobody;
// a tenant's first container takes it, and from then on it is that tenant's alone.
type zygotes struct {
	runtime *Runtime
	budget  int64 // bytes

	wake  chan struct{} // holds one token when there may be one to start
	ended chan struct{} // closed when none is started any more
	kills sync.WaitGroup
	// starts take as long as the modules that are imported, or functions that are initialised.
	starts sync.WaitGroup

	mu     sync.Mutex // guards the fields below, and those of the zygotes that say so
	alive  []*zygote
	breeds map[breed]*interest
	serial int
}

// keptAfter is how long one is kept after its last use, though others want its memory.
const keptAfter = time.Minute

func newZygotes(r *Runtime, budget int64) *zygotes {
	z := &zygotes{
		runtime: r, budget: budget,
		wake: make(chan struct{}, 1), ended: make(chan struct{}), breeds: map[breed]*interest{},
	}
	go z.keep()
	return z
}

// take returns the zygote for the function, or nil: its own, which is started once the
// function has been asked for, or else its tenant's.
func (z *zygotes) take(spec sandbox.Spec, program interpreter) *zygote {
	if z == nil {
		return nil
	}
	z.mu.Lock()
	defer z.mu.Unlock()
	defer poke(z.wake)
	now, f := time.Now(), spec.Function
	if b, ok := breedOfFunction(spec, program); ok {
		i := z.interest(b)
		i.last, i.spec = now, spec
		if one := z.find(b, ""); one != nil {
			one.used = now
			return one
		}
	}
	b, ok := breedOf(f, program)
	if !ok {
		return nil
	}
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

// tenant is the account whose the zygote is; empty where it is nobody's yet, or a function's, or there is none.
func (z *zygotes) tenant(one *zygote) string {
	if one == nil {
		return ""
	}
	z.mu.Lock()
	defer z.mu.Unlock()
	return one.account
}

// lacking says why the function, which declares a snapshot, has no zygote of its own.
func (z *zygotes) lacking(b breed) string {
	if z == nil {
		return "its node has no sandboxes in reserve, which take root, namespaces and --pool"
	}
	z.mu.Lock()
	defer z.mu.Unlock()
	if fault := z.interest(b).fault; fault != nil {
		return fault.Error()
	}
	return "it is made once the function has been asked for, as soon as there are CPU and memory to spare"
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

// distrust ends one whose fork came to nothing, and lets its breed rest. One that was ended
// while it forked is not to blame.
func (z *zygotes) distrust(one *zygote, why error) {
	z.mu.Lock()
	defer z.mu.Unlock()
	if one.dismissed {
		return
	}
	i := z.interest(one.breed)
	i.failed, i.fault = time.Now(), why
	z.alive = slices.DeleteFunc(z.alive, func(other *zygote) bool { return other == one })
	z.dismiss(one)
}

// dismiss ends one, and does not wait. mu is held.
func (z *zygotes) dismiss(one *zygote) {
	one.dismissed = true
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

// keep starts zygotes, and ends those that are not used.
func (z *zygotes) keep() {
	defer close(z.ended)
	defer z.starts.Wait()
	tick := time.NewTicker(poolInterval)
	defer tick.Stop()
	for {
		b, wanted := z.look(time.Now())
		if wanted && z.runtime.awaitSpare() {
			z.begin(b)
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

// begin starts one, beside others.
func (z *zygotes) begin(b breed) {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.serial++
	id, left := "_zygote-"+strconv.Itoa(z.serial), z.budget-z.sum() // no container's id begins so
	i := z.interest(b)
	i.starting, i.reserved = true, zygoteHolds
	spec := i.spec
	if b.function != "" {
		spec.Memory = min(spec.Memory, left)
		i.reserved = spec.Memory / 2 // few take it all, and others start beside
	}
	z.starts.Go(func() {
		if b.function == "" {
			one, err := z.runtime.startZygote(id, b, left)
			z.add(b, one, err)
			return
		}
		one, err := z.runtime.startFunctionZygote(id, b, spec)
		z.add(b, one, err)
	})
}

func (z *zygotes) add(b breed, one *zygote, err error) {
	z.mu.Lock()
	defer z.mu.Unlock()
	defer poke(z.wake)
	i := z.interest(b)
	i.starting = false
	if err != nil {
		i.failed, i.rest, i.fault = time.Now(), min(max(2*i.rest, retryAfter), forgotten), err
		z.runtime.log.Warn("no zygote: containers start interpreters of their own",
			zap.String("interpreter", b.interpreter), zap.Strings("preload", b.modules()), zap.String("function", b.function), zap.Error(err))
		return
	}
	i.rest, i.fault = 0, nil
	one.used = time.Now()
	z.alive = append(z.alive, one)
}

// look finds the breed of which none waits that was asked for last, and ends zygotes that are not
// used, and the longest unused one where the memory is short.
func (z *zygotes) look(now time.Time) (missing breed, wanted bool) {
	z.mu.Lock()
	defer z.mu.Unlock()
	var last time.Time
	starting := z.starting()
	for b, i := range z.breeds {
		if now.Sub(i.last) > forgotten && !i.starting {
			delete(z.breeds, b)
		} else if i.last.After(last) && starting < b.mostStarting() && i.mayStart(b, now) && z.find(b, "") == nil {
			missing, wanted, last = b, true, i.last
		}
	}
	z.alive = slices.DeleteFunc(z.alive, func(one *zygote) bool {
		old := one.worn() || now.Sub(one.used) > forgotten && (one.account != "" || z.breeds[one.breed] == nil)
		if old {
			z.dismiss(one)
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
	z.dismiss(z.alive[longest])
	z.alive = slices.Delete(z.alive, longest, longest+1)
	return missing, z.sum()+zygoteHolds <= z.budget
}

// find returns the tenant's zygote of the breed, or nil; "" is for one of nobody's.
func (z *zygotes) find(b breed, account string) *zygote {
	for _, one := range z.alive {
		if one.breed == b && one.account == account && !one.dead() && !one.worn() {
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

// starting is how many functions' zygotes are being started.
func (z *zygotes) starting() (count int) {
	for _, i := range z.breeds {
		if i.starting {
			count++
		}
	}
	return count
}

func (z *zygotes) sum() (bytes int64) {
	for _, i := range z.breeds {
		if i.starting {
			bytes += i.reserved
		}
	}
	for _, one := range z.alive {
		bytes += one.holds
	}
	return bytes
}
