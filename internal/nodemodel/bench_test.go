package nodemodel

import (
	"math/rand/v2"
	"testing"
	"time"
)

// BenchmarkSleepingCall is a call from Invoke to its completion, of 5,000
// containers on one node, all of which have one in flight.
func BenchmarkSleepingCall(b *testing.B) {
	const containers = 5000
	m := New(Config{Memory: 1 << 50})
	handles := filled(m, containers)
	rng := rand.New(rand.NewPCG(1, 1))
	now := time.Hour
	done := make([]Completion, 0, 1)
	begin := func(c *Container) {
		m.Invoke(now, c, 0, Work{Sleep: time.Duration(rng.Int64N(int64(time.Second))), Memory: mib})
	}
	for _, c := range handles {
		begin(c)
	}
	b.ReportAllocs()
	for b.Loop() {
		now, _ = m.Next()
		done = m.Advance(now, done[:0])
		for _, d := range done {
			begin(d.Container)
		}
	}
}

// BenchmarkComputingCall is a call from Invoke to its completion, on 20 nodes of 16
// containers that share their cores, each of which has two calls in flight.
func BenchmarkComputingCall(b *testing.B) {
	const nodes, containers = 20, 16
	rng := rand.New(rand.NewPCG(1, 1))
	begin := func(m *Model, now time.Duration, c *Container) {
		m.Invoke(now, c, 0, Work{CPU: time.Duration(rng.Int64N(int64(50 * ms))), Sleep: time.Duration(rng.Int64N(int64(50 * ms)))})
	}
	models := make([]*Model, nodes)
	for i := range models {
		models[i] = New(Config{Memory: 1 << 50})
		for _, c := range filled(models[i], containers) {
			begin(models[i], time.Hour, c)
			begin(models[i], time.Hour, c)
		}
	}
	done := make([]Completion, 0, 1)
	calls := 0
	b.ReportAllocs()
	for b.Loop() {
		m := models[calls%nodes]
		for done = done[:0]; len(done) == 0; {
			now, _ := m.Next()
			done = m.Advance(now, done)
		}
		for _, d := range done {
			begin(m, d.At, d.Container)
		}
		calls++
	}
}

// filled are new containers of 512 MiB, all of them ready within the hour.
func filled(m *Model, n int) (all []*Container) {
	for range n {
		all = append(all, m.Create(0, 0, 512*mib, Creation{Memory: own}))
	}
	m.Advance(time.Hour, nil)
	return all
}
