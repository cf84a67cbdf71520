package policy

import "github.com/minifaas/minifaas/scheduler/engine"

// State writes or reads all that has been learned.
func (a *Adaptive) State(c *engine.Codec) {
	a.all.cold.state(c)
	a.all.starts.state(c)
	a.all.firsts.state(c)
	a.all.reserve.state(c)
	engine.Int(c, &a.all.came)
	a.all.turnover.state(c)
	a.all.displaced.state(c)
	a.all.pace.state(c)
	a.all.demand.state(c)
	for i := range a.all.levels {
		a.all.levels[i].state(c)
	}
	engine.Int(c, &a.all.node)
	a.all.usage.state(c)
	engine.Int(c, &a.all.prepared)
	engine.Int(c, &a.all.computing)
	engine.Int(c, &a.all.judged)
	for i := range c.Len(a.functions) {
		if c.Reading() {
			a.add()
		}
		a.learned[i/block][i%block].state(c)
	}
}

func (l *learned) state(c *engine.Codec) {
	engine.Int(c, &l.calls)
	engine.Int(c, &l.first)
	engine.Bool(c, &l.moved)
	engine.Bool(c, &l.apart)
	engine.Bool(c, &l.announced)
	engine.Bool(c, &l.prepared)
	engine.Bool(c, &l.judged)
	l.execution.state(c)
	l.executions.state(c)
	l.cold.state(c)
	l.starts.state(c)
	engine.Int(c, &l.fastest)
	for i := range levels {
		has := i == 0 || l.further[i-1] != nil
		engine.Bool(c, &has)
		if has {
			l.level(i).state(c)
		}
	}
	l.period.state(c)
	l.memory.state(c)
	l.cpu.state(c)
	l.solo.state(c)
	l.crowd.cpu.state(c)
	l.crowd.took.state(c)
	l.share.state(c)
	l.debt.state(c)
}

func (d *demand) state(c *engine.Codec) {
	engine.Int(c, &d.functions)
	engine.Int(c, &d.calls)
	engine.Float(c, &d.busy)
	engine.Int(c, &d.n)
}

func (g *gaps) state(c *engine.Codec) {
	g.histogram.state(c)
	engine.Int(c, &g.lost)
	engine.Int(c, &g.since)
	engine.Int(c, &g.keep)
	engine.Int(c, &g.known)
	engine.Int(c, &g.price)
	engine.Int(c, &g.rank)
	engine.Int(c, &g.ranked)
	engine.Int(c, &g.turnover)
}

func (p *period) state(c *engine.Codec) {
	engine.Int(c, &p.last)
	engine.Int(c, &p.every)
	engine.Int(c, &p.spread)
	engine.Int(c, &p.n)
	engine.Int(c, &p.outside)
	engine.Int(c, &p.most)
	engine.Int(c, &p.atOnce)
}

func (p *footprint) state(c *engine.Codec) {
	engine.Int(c, &p.one)
	engine.Int(c, &p.further)
	engine.Int(c, &p.least)
	engine.Int(c, &p.calls)
	engine.Int(c, &p.company)
	engine.Int(c, &p.floor)
}

func (s *sharing) state(c *engine.Codec) {
	engine.Int(c, &s.limit)
	engine.Int(c, &s.alone)
	engine.Int(c, &s.hold)
	engine.Int(c, &s.calls)
	s.shared.state(c)
	if s.limit < 1 {
		c.Fail("a container shared by %d calls", s.limit)
	}
}

func (d *debt) state(c *engine.Codec) {
	engine.Int(c, &d.owed)
	engine.Int(c, &d.at)
}

func (p *pace) state(c *engine.Codec) {
	engine.Int(c, &p.limit)
	engine.Int(c, &p.quick)
	engine.Int(c, &p.slow)
}
