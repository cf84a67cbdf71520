package shadow

import (
	"time"

	"github.com/minifaas/minifaas/bench/trace"
	"github.com/minifaas/minifaas/scheduler/engine"
)

// player plays the moments of a watch to the simulations, and counts the live ones.
type player struct {
	cfg   Config
	watch *watch
	runs  []*simulation // made with the first call: a node's size is known by then
	live  struct {
		meter
		level
	}
	// began: an event has been seen, the first at the wall time since, instant start.
	began bool
	since time.Time
	start engine.Instant
	// latest is the instant of the latest event, which was seen at seen.
	latest engine.Instant
	seen   time.Time
	// played is up to when moments have been played.
	played engine.Instant
}

// level is the nodes and the memory in use, and the time they were.
type level struct {
	nodes      int
	memory     engine.Bytes
	nodeTime   time.Duration
	memoryTime float64
}

func (l *level) pass(d time.Duration) {
	l.nodeTime += time.Duration(l.nodes) * d
	l.memoryTime += float64(float64(l.memory) * d.Seconds())
}

func newPlayer(cfg Config) *player {
	p := &player{cfg: cfg, watch: newWatch(cfg), since: time.Now()}
	p.live.meter = newMeter()
	return p
}

func (p *player) see(s *sighting) {
	now := time.Now()
	if !p.began {
		p.began, p.since, p.start, p.played = true, now, s.now, s.now
	}
	p.latest, p.seen = max(p.latest, s.now), now
	p.watch.see(s.now, &s.event, s.actions)
}

// feed plays the next moment; false: it has to wait, or there is none.
func (p *player) feed() bool {
	m := p.watch.queue.front()
	if m == nil {
		return false
	}
	if m.came != nil && m.came.state == open && !p.watch.overdue(m.came, p.latest) {
		return false
	}
	p.play(p.watch.queue.pop())
	return true
}

func (p *player) play(m moment) {
	p.moveTo(m.at)
	p.live.nodes += m.nodes
	p.live.memory += m.memory
	if c := m.ended; c != nil {
		p.live.count(m.at.Sub(c.arrived), c.work.CPU+c.work.Sleep, c.cold, m.failed)
	}
	if m.came != nil && m.came.state == known {
		work := m.came.work
		p.simulate(m.at, &work)
	}
}

func (p *player) moveTo(at engine.Instant) {
	if at > p.played {
		p.live.pass(at.Sub(p.played))
		p.played = at
	}
}

// simulate lets time pass in the simulations, which begin with the first call.
func (p *player) simulate(at engine.Instant, c *trace.Call) {
	if p.runs == nil && c != nil {
		p.runs = p.simulations()
	}
	for _, s := range p.runs {
		s.play(at.Sub(p.start), c, p.watch)
	}
}

func (p *player) simulations() []*simulation {
	names := []string{p.cfg.Live}
	for _, name := range p.cfg.Policies {
		if name != p.cfg.Live {
			names = append(names, name)
		}
	}
	runs := make([]*simulation, len(names))
	for i, name := range names {
		kind := Shadow
		if i == 0 {
			kind = Control
		}
		var err error
		if runs[i], err = newSimulation(p.cfg, name, kind, int64(p.watch.platform.offered), p.watch); err != nil {
			runs[i] = &simulation{run: Run{Policy: name, Kind: kind, Problem: err.Error()}, meter: newMeter()}
		}
	}
	return runs
}

// pass lets time pass until now, if all that happened before has been played.
func (p *player) pass() {
	if !p.began {
		return
	}
	now := time.Now()
	p.latest = p.latest.Add(now.Sub(p.seen))
	p.seen = now
	if p.watch.queue.len() == 0 {
		p.moveTo(p.latest)
		p.simulate(p.latest, nil)
	}
}

// report is what was played.
func (p *player) report() *Report {
	live := Run{Policy: p.cfg.Live, Kind: Live, NodeTime: p.live.nodeTime, MemoryTime: p.live.memoryTime}
	p.live.fill(&live)
	r := &Report{
		Since: p.since, Until: p.since.Add(p.played.Sub(p.start)), Dropped: p.watch.dropped, Runs: []Run{live},
	}
	for _, s := range p.runs {
		if s.run.Problem == "" && s.live.Pass(p.played.Sub(p.start)) == nil {
			r.Runs = append(r.Runs, s.figures())
		} else {
			r.Runs = append(r.Runs, s.run)
		}
	}
	return r
}
