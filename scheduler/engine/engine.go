package engine

import (
	"errors"
	"math"
	"time"
)

// Engine is the scheduler's state. It is not safe for concurrent use.
type Engine struct {
	cfg    Config
	policy Policy
	rules  Rules

	now  Instant
	hash hash
	out  []Action
	// before is the length of out when the Step under way began, visited counts
	// the objects that it has looked at.
	before, visited int
	// fetched keeps the compiler from leaving out what is read ahead: see fetch.
	fetched int64
	// relieved: memory or hope for it has come up in this Step.
	relieved bool

	functions    functionTable
	nodes        map[NodeID]*node
	index        Nodes
	containers   map[ContainerID]*container
	names        map[Name]*container
	reservations map[uint64]*reservation
	tickets      map[Ticket]*request    // every waiting request
	waiting      map[RequestID]*request // those that have an id
	leases       map[RequestID]*lease   // those that have a request id: one of each request
	further      map[leaseKey]*lease    // and the others
	tenants      map[string]*tenant
	byAccount    []*tenant // in order of appearance

	timers heap
	// Counters that make names and orders unique.
	timersSet, containerSerial, nodeSerial, uses, reservationSerial, statsSerial uint64

	// round holds the tenants with functions that want containers and find no
	// room, in order of their turns; starving counts those functions. asking is
	// the one that has just found none.
	// shortage is how much memory they lack beyond what is being evicted for them.
	round    list[tenant]
	starving int
	asking   *function
	shortage Bytes
	// The searches for containers to evict and for a node to hold go on after these.
	evictAfter, holdAfter *node
	pool                  PoolView
	// largest and latest are capacities of nodes seen so far.
	largest, latest Bytes
	// No node is asked for before retryAt; poolMessage says why.
	retryAt     Instant
	poolMessage string
	retryTimer  heapItem

	// asked is of the request that is being answered; cause and causeRequest are
	// of the event under way, Wake while timers fire.
	asked        asked
	cause        EventKind
	causeRequest RequestID
	decisions    decisions
	reasoner     Reasoner // nil where the policy is none, or nobody wants to know

	counters Counters
	// leasesCut counts leases that ended with their container.
	leasesCut int64

	freeLeases   []*lease
	freeRequests []*request
}

// Limits of what one Step does. What is left over is due at once: NextWake says
// so. No piece of work visits more than 25 objects (the search of one node for
// victims, and of some for one to hold), so no Step visits more than 64.
const (
	firesUntil      = 16 // visits, after which no timer fires
	worksUntil      = 32 // visits, after which nothing is begun that can wait
	actionsPerStep  = 64 // after which nothing is begun that can wait
	picksPerAsk     = 4
	creationsPerAsk = 16
	reservesPerAsk  = 16
	maxBytes        = Bytes(1) << 46 // sums of it can't overflow
)

// New makes an engine that knows no node. The policy must be new, too.
func New(cfg Config, p Policy) (*Engine, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if p == nil {
		return nil, errors.New("policy: must not be nil")
	}
	e := &Engine{
		cfg:          cfg.withDefaults(),
		policy:       p,
		rules:        p.Rules(),
		functions:    newFunctionTable(),
		nodes:        make(map[NodeID]*node),
		containers:   make(map[ContainerID]*container),
		names:        make(map[Name]*container),
		reservations: make(map[uint64]*reservation),
		tickets:      make(map[Ticket]*request),
		waiting:      make(map[RequestID]*request),
		leases:       make(map[RequestID]*lease),
		further:      make(map[leaseKey]*lease),
		tenants:      make(map[string]*tenant),
	}
	e.index.visited = &e.visited
	e.pool.index = &e.index
	if cfg.Decisions > 0 {
		e.decisions.ring = make([]Decision, cfg.Decisions)
		e.reasoner, _ = p.(Reasoner)
	}
	e.retryTimer.kind, e.retryTimer.owner = timerReserve, e
	return e, nil
}

// Step takes one event in and appends what is to be done to out, in order. A
// now earlier than the last one counts as the last one. ev is not kept, but
// for its strings.
func (e *Engine) Step(now Instant, ev *Event, out []Action) []Action {
	e.now = max(e.now, now)
	e.visited, e.relieved = 0, false
	e.hash.event(e.now, ev)
	e.before, e.out = len(out), out

	e.cause, e.causeRequest = Wake, ""
	e.fire()
	e.cause, e.causeRequest = ev.Kind, ev.Request
	switch ev.Kind {
	case Acquire:
		e.acquire(ev)
	case Cancel:
		e.cancel(ev)
	case Return:
		e.giveBack(ev)
	case NodeReady:
		e.nodeReady(ev)
	case NodeFailed:
		e.nodeFailed(ev)
	case NodeLost:
		e.nodeLost(ev)
	case NodeReleased:
		e.nodeReleased(ev)
	case NodeAvailable:
		e.nodeAvailable()
	case ContainerReady:
		e.containerReady(ev)
	case ContainerFailed:
		e.containerFailed(ev)
	case ContainerAdopted:
		e.containerAdopted(ev)
	case ContainerLost:
		e.containerLost(ev)
	case ContainerRemoved:
		e.containerRemoved(ev)
	case Stats:
		e.stats(ev)
	case Wake:
	case Announce:
		e.announce(ev)
	case ContainerResized:
		e.containerResized(ev)
	case ResizeFailed:
		e.resizeFailed(ev)
	}
	if e.relieved || e.asking != nil {
		e.relieve()
	}

	out, e.out = e.out, nil
	for i := e.before; i < len(out); i++ {
		e.hash.action(&out[i])
	}
	return out
}

// NextWake says when Step must be called at the latest, with Wake if nothing
// else happens. It may be now or earlier: then there is more to do at once.
func (e *Engine) NextWake() (Instant, bool) {
	if t := e.timers.top(); t != nil {
		return Instant(t.key), true
	}
	return 0, false
}

// Hash tells histories apart: it covers every event and action so far.
func (e *Engine) Hash() uint64 { return uint64(e.hash) }

// Visited is how many objects the last Step looked at, beside those that it or
// its event names.
func (e *Engine) Visited() int { return e.visited }

// Booked is the memory that all nodes set aside for containers.
func (e *Engine) Booked() Bytes { return e.pool.Booked }

func (e *Engine) emit(a Action) { e.out = append(e.out, a) }

// full: this Step has done so much that the rest is left to the next one.
func (e *Engine) full() bool { return len(e.out)-e.before >= actionsPerStep }

// busy: this Step has done or seen so much that what can wait is left to the next one.
func (e *Engine) busy() bool { return e.visited >= worksUntil || e.full() }

// timerKind says what a timer is for; its owner is of the type named here.
type timerKind uint8

const (
	timerRequest timerKind = iota + 1 // request: it has waited long enough
	timerLease                        // lease: its deadline
	timerScale                        // function: ask Scale
	timerIdle                         // function: ask KeepContainer
	timerNode                         // node: ask KeepNode
	timerReserve                      // Engine: a node may be asked for again
)

func (e *Engine) arm(t *heapItem, at Instant) {
	e.timersSet++
	t.key, t.tie = int64(at), e.timersSet
	e.timers.put(t)
}

// isDue: the timer fires in the next Step.
func (e *Engine) isDue(t *heapItem) bool { return t.place != 0 && t.key <= int64(e.now) }

// after saturates: an instant that can't be reached stands for never.
func (e *Engine) after(t Instant, d time.Duration) Instant {
	if d > 0 && t > math.MaxInt64-Instant(d) {
		return math.MaxInt64
	}
	return t.Add(d)
}

func (e *Engine) fire() {
	for e.visited < firesUntil && !e.full() {
		t := e.timers.top()
		if t == nil || t.key > int64(e.now) {
			return
		}
		e.visited++
		e.timers.remove(t)
		switch t.kind {
		case timerRequest:
			e.requestExpired(t.owner.(*request))
		case timerLease:
			e.leaseExpired(t.owner.(*lease))
		case timerScale:
			e.rescale(t.owner.(*function))
		case timerIdle:
			e.expireIdle(t.owner.(*function))
		case timerNode:
			e.nodeIdle(t.owner.(*node))
		case timerReserve:
			e.reserve()
		}
	}
}
