package linux

import (
	"bytes"
	"os"
	"strconv"
	"sync"
	"time"
)

const (
	// spareInterval is the time over which the host's idle time is looked at.
	spareInterval = 50 * time.Millisecond
	// spareCPU is how much must have been idle, in cores.
	spareCPU = 0.5
	// sparePatience is how long the next one is put off on a host that is never idle.
	sparePatience = 2 * time.Second
)

// spare tells whether the host's CPUs have time for what nobody waits for.
type spare struct {
	mu   sync.Mutex // guards the fields below
	at   time.Time
	idle time.Duration // of all CPUs, at at
	is   bool
}

// now looks again if the last look was long enough ago. A host that does not tell has time.
func (s *spare) now() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	passed := time.Since(s.at)
	if passed < spareInterval {
		return s.is
	}
	idle, told := idleTime()
	s.is = !told || s.at.IsZero() || (idle-s.idle).Seconds() >= spareCPU*passed.Seconds()
	s.at, s.idle = s.at.Add(passed), idle
	return s.is
}

// idleTime is how long the host's CPUs have had nothing to do since it started.
func idleTime() (time.Duration, bool) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, false
	}
	line, _, _ := bytes.Cut(text, []byte("\n"))
	fields := bytes.Fields(line) // cpu user nice system idle iowait ...
	if len(fields) < 6 {
		return 0, false
	}
	var ticks int64
	for _, field := range fields[4:6] {
		n, _ := strconv.ParseInt(string(field), 10, 64)
		ticks += n
	}
	return time.Duration(ticks) * clockTick, true
}

// awaitSpare waits until making something in reserve holds up nobody: no container
// is being created, and the host's CPUs have time; but not for ever, as a busy host
// needs what is in reserve as well. It is false when the runtime is closing.
func (r *Runtime) awaitSpare() bool {
	for begun := time.Now(); time.Since(begun) < sparePatience; {
		if r.creations.idle(time.Now()) && (r.cfg.eager || r.spare.now()) {
			return true
		}
		select {
		case <-time.After(spareInterval):
		case <-r.closing:
			return false
		}
	}
	select {
	case <-r.closing:
		return false
	default:
		return true
	}
}
