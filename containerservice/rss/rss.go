// Package rss measures the memory that the agent and the function's processes
// hold resident, by files of /proc kept open: a reading costs microseconds.
// Where /proc does not tell, a process counts as 0 and the agent as 1.
package rss

import (
	"bytes"
	"os"
	"strconv"
	"sync"

	"github.com/minifaas/minifaas/internal/nonblocking"
)

// Meter adds up the agent and the processes that are watched. It is safe for concurrent use.
type Meter struct {
	self *os.File // statm of the agent

	mu      sync.Mutex // guards watched
	watched map[*Process]struct{}
}

// Process is a process that is watched. It is safe for concurrent use.
type Process struct {
	meter  *Meter
	statm  *os.File
	status *os.File
	clear  *os.File
}

// NewMeter returns a meter that watches the agent alone.
func NewMeter() *Meter {
	statm, _ := os.Open("/proc/self/statm")
	return &Meter{self: statm, watched: map[*Process]struct{}{}}
}

// Watch adds a process, which must be alive.
func (m *Meter) Watch(pid int) *Process {
	dir := "/proc/" + strconv.Itoa(pid)
	p := &Process{meter: m}
	p.statm, _ = os.Open(dir + "/statm")
	p.status, _ = os.Open(dir + "/status")
	p.clear, _ = os.OpenFile(dir+"/clear_refs", os.O_WRONLY, 0)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.watched[p] = struct{}{}
	return p
}

// Forget ends the watch.
func (p *Process) Forget() {
	p.meter.mu.Lock()
	delete(p.meter.watched, p)
	p.meter.mu.Unlock()
	for _, f := range []*os.File{p.statm, p.status, p.clear} {
		f.Close() // nil is legal
	}
}

// Reset begins a new peak. Where the kernel can't, the peak is that since the process's start.
func (p *Process) Reset() {
	if p.clear != nil {
		_, _ = p.clear.WriteAt([]byte("5"), 0)
	}
}

// Peak is what the process held at most since Reset, in bytes.
func (p *Process) Peak() int64 {
	var buf [2048]byte
	b := nonblocking.ReadFile(p.status, buf[:])
	_, b, ok := bytes.Cut(b, []byte("VmHWM:"))
	if !ok {
		return 0
	}
	b = bytes.TrimLeft(b, "\t ")
	return number(b) << 10
}

// Held is what the process holds now, in bytes.
func (p *Process) Held() int64 { return resident(p.statm) }

// With is what the container held when p (which may be nil) held peak: the
// agent and all others count with what they hold now. It is above 0.
func (m *Meter) With(p *Process, peak int64) int64 {
	sum := max(resident(m.self), 1) + peak
	m.mu.Lock()
	defer m.mu.Unlock()
	for o := range m.watched {
		if o != p {
			sum += resident(o.statm)
		}
	}
	return sum
}

var pageSize = int64(os.Getpagesize())

// resident reads the second field of a statm file.
func resident(statm *os.File) int64 {
	var buf [128]byte
	_, b, _ := bytes.Cut(nonblocking.ReadFile(statm, buf[:]), []byte(" "))
	return number(b) * pageSize
}

// number parses the digits that b begins with.
func number(b []byte) int64 {
	var n int64
	for _, c := range b {
		if c < '0' || c > '9' {
			break
		}
		n = n*10 + int64(c-'0')
	}
	return n
}
