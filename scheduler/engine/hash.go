package engine

import "math/bits"

// hash is a rolling hash of all that went in and out. It is no defence
// against an adversary: it tells two histories apart.
type hash uint64

func (h *hash) int(x int64) {
	v := (uint64(*h) ^ uint64(x)) * 0x9e3779b97f4a7c15
	*h = hash(bits.RotateLeft64(v, 29))
}

func (h *hash) text(s string) {
	h.int(int64(len(s)))
	for len(s) >= 8 { // eight bytes at a time: this is on the way of every warm call
		h.int(int64(uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
			uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56))
		s = s[8:]
	}
	if len(s) > 0 {
		var tail uint64
		for i := range len(s) {
			tail = tail<<8 | uint64(s[i])
		}
		h.int(int64(tail))
	}
}

// record hashes the fields of a struct. Most are empty: those leave a bit, and
// the bits are hashed at the end.
type record struct {
	h     *hash
	given uint64
}

func (r *record) int(x int64) {
	r.given <<= 1
	if x != 0 {
		r.given |= 1
		r.h.int(x)
	}
}

func (r *record) bool(b bool) {
	r.given <<= 1
	if b {
		r.given |= 1
	}
}

func (r *record) text(s string) {
	r.given <<= 1
	if s != "" {
		r.given |= 1
		r.h.text(s)
	}
}

func (r *record) function(f *FunctionSpec) {
	r.text(f.Name)
	r.int(int64(f.Memory))
	r.int(int64(f.Timeout))
	r.text(f.Handler)
	r.int(int64(f.Concurrency))
}

func (h *hash) event(now Instant, ev *Event) {
	r := record{h: h, given: uint64(ev.Kind)}
	r.int(int64(now))
	r.int(int64(ev.Ticket))
	r.text(string(ev.Request))
	r.text(ev.Account)
	r.function(&ev.Function)
	r.int(int64(ev.Deadline))
	r.text(string(ev.Node))
	r.int(int64(ev.Reservation))
	r.int(int64(ev.Capacity))
	r.bool(ev.Exhausted)
	r.text(string(ev.Name))
	r.text(string(ev.Container))
	r.int(int64(ev.Outcome.Duration))
	r.int(int64(ev.Outcome.MaxMemory))
	r.int(int64(ev.Outcome.CPU))
	r.text(ev.Outcome.Error)
	r.bool(ev.Outcome.Lost)
	r.int(int64(ev.InFlight))
	r.bool(ev.Permanent)
	r.text(ev.Sandbox)
	r.bool(ev.Prepared)
	r.int(int64(ev.Since))
	r.bool(ev.Named)
	r.text(ev.Message)
	r.int(int64(len(ev.Containers)))
	for i := range ev.Containers {
		s := &ev.Containers[i]
		h.text(string(s.Container))
		h.text(string(s.Name))
		h.int(int64(s.InFlight))
	}
	r.int(int64(len(ev.Sandboxes)))
	for i := range ev.Sandboxes {
		h.text(ev.Sandboxes[i].Kind)
		h.int(int64(ev.Sandboxes[i].Ready))
	}
	h.int(int64(r.given))
}

func (h *hash) action(a *Action) {
	r := record{h: h, given: uint64(a.Kind)}
	r.int(int64(a.Ticket))
	r.text(string(a.Request))
	r.bool(a.Cold)
	r.int(int64(a.Refusal))
	r.int(int64(a.RetryAfter))
	r.int(int64(a.Reservation))
	r.text(string(a.Node))
	r.text(string(a.Name))
	r.text(string(a.Container))
	r.bool(a.Function != nil)
	if a.Function != nil {
		r.function(a.Function)
	}
	r.int(int64(a.Memory))
	r.text(a.Message)
	h.int(int64(r.given))
}
