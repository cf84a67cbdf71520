package linux

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"
)

// pool holds sandboxes that are complete but for a function: shut in, with their
// cgroup and user, and an interpreter that has run nothing of anybody's. One is
// taken for one function and never comes back. They are made one at a time, beside
// the containers that somebody waits for.
type pool struct {
	runtime *Runtime
	least   int
	budget  int64 // bytes

	wake   chan struct{} // holds one token when there may be something to make
	filled chan struct{} // closed when nothing is made any more
	beside sync.WaitGroup

	mu      sync.Mutex // guards the fields below
	shelves map[kind]*shelf
	serial  int
}

// shelf holds those of one kind, the newest last.
type shelf struct {
	ready []*container
	demand
	making bool // beside the filler
	// None is made before then: one has died that waited.
	paused time.Time
}

// Look of the filler when nothing happens: demand fades, and what is too much goes.
const poolInterval = 5 * time.Second

// newPool starts to fill. least is how many of a kind wait at least once it has
// been asked for.
func newPool(r *Runtime, least int, budget int64) *pool {
	p := &pool{
		runtime: r, least: least, budget: budget,
		wake: make(chan struct{}, 1), filled: make(chan struct{}), shelves: map[kind]*shelf{},
	}
	go p.fill()
	return p
}

// take is nil when none is ready.
func (p *pool) take(k kind) *container {
	if p == nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	defer poke(p.wake)
	s := p.shelf(k)
	s.taken(time.Now())
	for len(s.ready) > 0 {
		c := s.ready[len(s.ready)-1]
		s.ready = s.ready[:len(s.ready)-1]
		if !c.dead() {
			return c
		}
	}
	return nil
}

// expect has one sandbox made of each kind ahead of the first function.
func (p *pool) expect(kinds []kind) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, k := range kinds {
		p.shelf(k).last = time.Now()
	}
	poke(p.wake)
}

// ready counts those that wait, by runtime.
func (p *pool) ready() map[string]int {
	counts := map[string]int{}
	if p == nil {
		return counts
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for k, s := range p.shelves {
		counts[k.String()] += len(s.ready)
	}
	return counts
}

// close returns when nothing is made any more; the runtime must be closing. The
// sandboxes are the runtime's to kill.
func (p *pool) close() {
	if p != nil {
		<-p.filled
	}
}

func (p *pool) shelf(k kind) *shelf {
	if p.shelves[k] == nil {
		p.shelves[k] = &shelf{}
	}
	return p.shelves[k]
}

// poke wakes whoever waits for the channel, which holds one token, now or later.
func poke(wake chan<- struct{}) {
	select {
	case wake <- struct{}{}:
	default:
	}
}

func (p *pool) fill() {
	defer close(p.filled)
	defer p.beside.Wait()
	tick := time.NewTicker(poolInterval)
	defer tick.Stop()
	for {
		missing, surplus := p.look(time.Now(), p.runtime.zygotes.held())
		for _, c := range surplus {
			_ = c.Kill() // it has said what is wrong
		}
		if missing != nil && p.runtime.awaitSpare() {
			p.begin(*missing)
			continue
		}
		select {
		case <-p.wake:
		case <-tick.C:
		case <-p.runtime.closing:
			return
		}
	}
}

// begin makes one: for a function's zygote beside, as that may hang.
func (p *pool) begin(k kind) {
	if k.zygote.home() == nil {
		p.make(k)
		return
	}
	p.setMaking(k, true)
	p.beside.Go(func() {
		p.make(k)
		p.setMaking(k, false)
		poke(p.wake)
	})
}

func (p *pool) setMaking(k kind, making bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.shelf(k).making = making
}

// make makes one. When that fails it is not tried again before somebody asks for the
// kind.
func (p *pool) make(k kind) {
	c, err := p.runtime.prepareSandbox(p.name(), k)
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.shelf(k)
	if err != nil {
		s.demand = demand{}
		if !errors.Is(err, ErrClosed) {
			p.runtime.log.Warn("no sandbox in reserve", zap.Stringer("kind", k), zap.Error(err))
		}
		return
	}
	s.ready = append(s.ready, c)
}

func (p *pool) name() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.serial++
	return fmt.Sprint("ready-", p.serial)
}

// look finds the kind that lacks most, as far as the budget goes, and takes what
// is too much or dead off the shelves.
func (p *pool) look(now time.Time, held int64) (missing *kind, surplus []*container) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for k, s := range p.shelves {
		target := 0
		if k.wanted() {
			target = s.target(now, p.least)
		}
		if alive := slices.DeleteFunc(s.ready, (*container).dead); len(alive) < len(s.ready) {
			s.ready, s.paused = alive, now.Add(poolInterval)
		}
		if n := len(s.ready) - target; n > 0 {
			surplus = append(surplus, s.ready[:n]...)
			s.ready = slices.Delete(s.ready, 0, n)
		}
		if target == 0 && len(s.ready) == 0 && !s.making {
			delete(p.shelves, k)
			continue
		}
		held += int64(len(s.ready)) * k.holds()
		if s.making {
			held += k.holds()
		}
	}
	most := 0
	for k, s := range p.shelves {
		if lack := s.target(now, p.least) - len(s.ready); lack > most && k.wanted() && !s.making && !now.Before(s.paused) && k.holds() <= p.budget {
			missing, most = &k, lack
		}
	}
	if missing == nil || held+missing.holds() <= p.budget {
		return missing, surplus
	}
	// What has not been asked for the longest makes room for it.
	last := p.shelves[*missing].last
	var idle *shelf
	for _, s := range p.shelves {
		if len(s.ready) > 0 && s.last.Before(last) && (idle == nil || s.last.Before(idle.last)) {
			idle = s
		}
	}
	if idle == nil {
		return nil, surplus
	}
	surplus = append(surplus, idle.ready[0])
	idle.ready = slices.Delete(idle.ready, 0, 1)
	idle.demand = demand{} // until somebody asks for it
	return nil, surplus
}
