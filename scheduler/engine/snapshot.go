package engine

import "fmt"

const snapshotVersion = 8

// Snapshot is the whole state, the policy's included. It visits everything there is.
func (e *Engine) Snapshot() ([]byte, error) {
	c := NewEncoder(nil)
	s := snapshot{c: c, e: e}
	s.all()
	return c.Bytes(), c.Err()
}

// Restore makes an engine that goes on where the one of the snapshot was: the
// same events give the same actions and hashes. The configuration must be the
// same, and the policy a new one of the same kind and settings.
func Restore(cfg Config, p Policy, data []byte) (*Engine, error) {
	e, err := New(cfg, p)
	if err != nil {
		return nil, err
	}
	c := NewDecoder(data)
	s := snapshot{c: c, e: e, open: make(map[*container]bool)}
	s.all()
	if err := c.Err(); err != nil {
		return nil, fmt.Errorf("restore snapshot: %w", err)
	}
	if len(c.Bytes()) > 0 {
		return nil, fmt.Errorf("restore snapshot: %d bytes too many", len(c.Bytes()))
	}
	if err := e.Check(); err != nil {
		return nil, fmt.Errorf("restore snapshot: %w", err)
	}
	return e, nil
}

// snapshot writes an engine, or reads into a new one. Pointers become places
// in the tables below, 0 standing for nil.
type snapshot struct {
	c *Codec
	e *Engine

	nodes      table[node]
	containers table[container]
	requests   table[request]
	claims     table[claim]
	// open holds the containers read that have leases and are listed as having room.
	open map[*container]bool
}

func (s *snapshot) all() {
	c, e := s.c, s.e
	version, policy := snapshotVersion, e.policy.Name()
	Int(c, &version)
	Text(c, &policy)
	if c.Err() == nil && (version != snapshotVersion || policy != e.policy.Name()) {
		c.Fail("it is version %d of policy %s, not %d of %s", version, policy, snapshotVersion, e.policy.Name())
		return
	}
	Int(c, &e.now)
	Int(c, &e.hash)
	for _, n := range []*uint64{
		&e.timersSet, &e.containerSerial, &e.nodeSerial, &e.uses, &e.reservationSerial, &e.statsSerial,
	} {
		Int(c, n)
	}
	Int(c, &e.largest)
	Int(c, &e.latest)
	Int(c, &e.retryAt)
	Text(c, &e.poolMessage)
	Bool(c, &e.pool.Exhausted)
	Int(c, &e.pool.LastActive)
	s.timer(&e.retryTimer)
	s.counters()
	s.tenantTable()
	s.functionTable()
	s.nodeTable()
	s.containerTable()
	s.requestTable()
	s.reservationTable()
	s.leaseTable()
	s.starvedTable()
	if c.Err() == nil {
		e.policy.State(c)
	}
}

func (s *snapshot) counters() {
	n := &s.e.counters
	for _, v := range []*int64{
		&n.Acquired, &n.Refused, &n.Canceled, &n.Returned, &n.ColdStarts, &n.LeasesExpired,
		&n.ContainersCreated, &n.ContainersFailed, &n.ContainersLost, &n.ContainersRemoved,
		&n.NodesReserved, &n.NodesReleased, &n.NodesLost, &s.e.leasesCut,
	} {
		Int(s.c, v)
	}
}

// timer keeps the tie-breaker, so that equals fire in the same order.
func (s *snapshot) timer(t *heapItem) {
	armed := t.place != 0
	Bool(s.c, &armed)
	if !armed {
		return
	}
	Int(s.c, &t.key)
	Int(s.c, &t.tie)
	if s.c.Reading() {
		s.e.timers.put(t)
	}
}

func (s *snapshot) tenantTable() {
	c, e := s.c, s.e
	for i := range c.Len(len(e.byAccount)) {
		account := ""
		if !c.Reading() {
			account = e.byAccount[i].account
		}
		Text(c, &account)
		if c.Err() != nil {
			return
		}
		if e.tenantOf(account).index != i {
			c.Fail("account %q is there twice", account)
		}
	}
}

func (s *snapshot) functionTable() {
	c, e := s.c, s.e
	n := c.Len(e.functions.n)
	for i := range n {
		if c.Err() != nil {
			return
		}
		var spec FunctionSpec
		if !c.Reading() {
			spec = *e.functions.at(i).Spec
		}
		s.spec(&spec)
		if c.Reading() {
			if e.functions.find(spec.Name) != nil {
				c.Fail("function %s is there twice", spec.Name)
				return
			}
			e.addFunction(spec)
		}
		f := e.functions.at(i)
		s.tenant(&f.tenant)
		Text(c, &f.sandbox)
		Int(c, &f.limit)
		Int(c, &f.round)
		Int(c, &f.doom)
		Int(c, &f.doomed)
		Int(c, &f.holdUntil)
		Text(c, &f.failure)
		s.timer(&f.scaleTimer)
		s.timer(&f.idleTimer)
	}
}

func (s *snapshot) spec(f *FunctionSpec) {
	Text(s.c, &f.Name)
	Int(s.c, &f.Memory)
	Int(s.c, &f.Timeout)
	Text(s.c, &f.Handler)
	Int(s.c, &f.Concurrency)
}
