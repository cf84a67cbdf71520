package contest

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"
)

// meter reads what the processes of a group use, twice a second. What a process
// uses after its last reading is lost, but for the leader's, of which the kernel
// tells at its end.
type meter struct {
	group int
	done  chan struct{}
	ended sync.WaitGroup

	mu   sync.Mutex // guards what follows while the meter runs
	used map[string]time.Duration
	cpu  time.Duration // of all processes, also of those that have ended
	peak int64         // of the memory of all at one time, in bytes
}

const (
	meterEvery = 500 * time.Millisecond
	// clockTick is the unit of CPU times in /proc: USER_HZ is 100 on every architecture that Go runs on.
	clockTick = 10 * time.Millisecond
)

func newMeter(group int) *meter {
	m := &meter{group: group, done: make(chan struct{}), used: map[string]time.Duration{}}
	m.ended.Go(func() {
		tick := time.NewTicker(meterEvery)
		defer tick.Stop()
		for {
			m.read()
			select {
			case <-tick.C:
			case <-m.done:
				return
			}
		}
	})
	return m
}

// read takes one reading.
func (m *meter) read() {
	m.mu.Lock()
	defer m.mu.Unlock()
	files, _ := filepath.Glob("/proc/[0-9]*/stat")
	var memory int64
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			continue // it has just ended
		}
		p, ok := parseUsage(raw)
		if !ok || p.group != m.group {
			continue
		}
		name := file + " " + p.start // pids are used again
		m.cpu += p.cpu - m.used[name]
		m.used[name] = p.cpu
		memory += p.memory
	}
	m.peak = max(m.peak, memory)
}

// stop ends the readings; the state is the leader's at its end.
func (m *meter) stop(leader *os.ProcessState) {
	close(m.done)
	m.ended.Wait()
	if leader == nil {
		return
	}
	// What the kernel tells has the descendants that were waited for in it.
	// Its peak of memory is no use: the kernel counts this process's own in it, of
	// which the child was a copy before it became the command.
	m.cpu = max(m.cpu, leader.UserTime()+leader.SystemTime())
}

// usage is a part of /proc/PID/stat.
type usage struct {
	group  int
	cpu    time.Duration
	start  string
	memory int64
}

// parseUsage reads what is behind the command's name, which may hold anything.
func parseUsage(raw []byte) (usage, bool) {
	const group, user, system, start, resident = 2, 11, 12, 19, 21
	fields := bytes.Fields(raw[bytes.LastIndexByte(raw, ')')+1:])
	if len(fields) <= resident {
		return usage{}, false
	}
	number := func(field int) int64 {
		n, _ := strconv.ParseInt(string(fields[field]), 10, 64)
		return n
	}
	return usage{
		group: int(number(group)), cpu: time.Duration(number(user)+number(system)) * clockTick,
		start: string(fields[start]), memory: number(resident) * int64(os.Getpagesize()),
	}, true
}
