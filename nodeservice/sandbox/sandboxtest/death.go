package sandboxtest

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/minifaas/minifaas/nodeservice/sandbox"
)

// outOfMemoryAlone: the invocation that was alone in the container is to blame; a neighbour notices nothing.
func outOfMemoryAlone(t *testing.T, s *suite) {
	guilty, neighbour := s.create(t, s.MemoryLimit), s.create(t, 0)
	beside := start(t.Context(), neighbour, Event{Sleep: 1000})
	r, err := invoke(t.Context(), guilty, Event{Touch: 4 * s.MemoryLimit >> 20, Sleep: 60_000}, long)
	if s.Spares {
		wantOutOfMemory(t, r, err)
		mustInvoke(t, guilty, Event{CPU: 1})
	} else if !errors.Is(err, sandbox.ErrOutOfMemory) {
		t.Errorf("invoke: %v, want ErrOutOfMemory", err)
	}
	if !s.Spares {
		await(t, guilty.Done(), "the container to be dead")
	}
	if r, err := beside.wait(t); err != nil || r.Error != nil {
		t.Errorf("neighbour: %v, %+v", err, r.Error)
	}
	mustInvoke(t, neighbour, Event{CPU: 1})
}

func wantOutOfMemory(t *testing.T, r sandbox.Result, err error) {
	t.Helper()
	if err != nil || r.Error == nil || r.Error.Code != sandbox.CodeOutOfMemory || r.Lost {
		t.Errorf("%v, function error %+v, lost %v; want out of memory in the result, and no harm to the container", err, r.Error, r.Lost)
	}
}

// outOfMemoryShared: of several in one container nobody knows who it was, unless they are told one by one.
func outOfMemoryShared(t *testing.T, s *suite) {
	c := s.create(t, s.MemoryLimit)
	mustInvoke(t, c, Event{})
	sleeper := running(t, c)
	eater := start(t.Context(), c, Event{Touch: 4 * s.MemoryLimit >> 20, Sleep: 60_000})
	if s.Spares {
		r, err := eater.wait(t)
		wantOutOfMemory(t, r, err)
		select {
		case <-sleeper.done:
			t.Error("the other invocation has ended, too")
		default:
		}
		return
	}
	for _, p := range []*pending{sleeper, eater} {
		_, err := p.wait(t)
		if !errors.Is(err, sandbox.ErrLost) || !strings.Contains(err.Error(), sandbox.ErrOutOfMemory.Error()) {
			t.Errorf("invoke: %v, want ErrLost that names out of memory", err)
		}
	}
	await(t, c.Done(), "the container to be dead")
}

func killUnderInvocation(t *testing.T, s *suite) {
	c := s.create(t, 0)
	mustInvoke(t, c, Event{})
	p := running(t, c)
	if err := c.Kill(); err != nil {
		t.Fatalf("kill: %v", err)
	}
	if _, err := p.wait(t); !errors.Is(err, sandbox.ErrLost) {
		t.Errorf("invoke: %v, want ErrLost", err)
	}
}

func killTwice(t *testing.T, s *suite) {
	c := s.create(t, 0)
	var kills sync.WaitGroup
	for range 4 {
		kills.Go(func() {
			if err := c.Kill(); err != nil {
				t.Errorf("kill: %v", err)
			}
		})
	}
	kills.Wait()
	if err := c.Kill(); err != nil {
		t.Errorf("kill again: %v", err)
	}
	if _, err := c.Usage(); !errors.Is(err, sandbox.ErrLost) {
		t.Errorf("usage after kill: %v, want ErrLost", err)
	}
}

// closeEndsAll: also what runs, and what is being made.
func closeEndsAll(t *testing.T, s *suite) {
	busy := s.create(t, 0)
	mustInvoke(t, busy, Event{})
	p := running(t, busy)
	var late sync.WaitGroup
	late.Go(func() {
		if c, err := s.runtime.Create(t.Context(), sandbox.Spec{ID: "late", Function: s.Work, Memory: 256 << 20}); err == nil {
			await(t, c.Done(), "a container made during close to die")
		}
	})
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		if err := s.runtime.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	}()
	await(t, closed, "close")
	late.Wait()
	await(t, busy.Done(), "the busy container to die")
	if _, err := p.wait(t); !errors.Is(err, sandbox.ErrLost) {
		t.Errorf("invoke: %v, want ErrLost", err)
	}
	if _, err := s.runtime.Create(t.Context(), sandbox.Spec{ID: "x", Function: s.Work, Memory: 256 << 20}); err == nil {
		t.Error("created after close")
	}
	if err := s.runtime.Close(); err != nil {
		t.Errorf("close again: %v", err)
	}
}

func usage(t *testing.T, s *suite) {
	c := s.create(t, 0)
	mustInvoke(t, c, Event{})
	before, err := c.Usage()
	if err != nil {
		t.Fatalf("usage: %v", err)
	}
	if before.Memory <= 0 {
		t.Errorf("memory %d of an idle container, want above 0", before.Memory)
	}
	holds := start(t.Context(), c, Event{CPU: 50, Touch: 100, Sleep: 60_000})
	until(t, "100 MiB to show", func() bool {
		u, err := c.Usage()
		return err == nil && u.Memory >= before.Memory+95<<20 && u.CPU >= before.CPU+50*time.Millisecond
	})
	node, err := s.runtime.Usage()
	if err != nil {
		t.Fatalf("usage of the node: %v", err)
	}
	if node.Memory < 95<<20 || node.CPU <= 0 {
		t.Errorf("usage of the node %+v, want at least that of its container", node)
	}
	if err := c.Kill(); err != nil {
		t.Errorf("kill: %v", err)
	}
	_, _ = holds.wait(t)
	until(t, "the node's memory to be free", func() bool {
		u, err := s.runtime.Usage()
		return err == nil && u.Memory < 50<<20
	})
}

// quota: with 256 MiB a container gets 0.1675 cores, so that 100 ms of CPU take at
// least 0.4 s or so: the first period's quota is spent at full speed.
func quota(t *testing.T, s *suite) {
	if s.NoQuota != "" {
		t.Skip(s.NoQuota)
	}
	const work = 200 * time.Millisecond
	c := s.create(t, 256<<20)
	mustInvoke(t, c, Event{CPU: 20}) // what the load had left is spent
	begin := time.Now()
	mustInvoke(t, c, Event{CPU: work.Milliseconds()})
	took := time.Since(begin)
	share := work.Seconds() / took.Seconds()
	if limit := sandbox.Quota(256 << 20); share > 1.35*limit {
		t.Errorf("%v of CPU took %v: %.3f cores, the quota is %.3f", work, took, share, limit)
	}
}
