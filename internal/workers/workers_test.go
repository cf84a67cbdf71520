package workers

import (
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// count is how many goroutines of Workers there are, and how many of them wait for work.
func count() (all, idle int) {
	stacks := make([]byte, 1<<20)
	for stack := range strings.SplitSeq(string(stacks[:runtime.Stack(stacks, true)]), "\n\n") {
		if strings.Contains(stack, "(*Workers).work(") {
			all++
			if strings.Contains(stack, " [select") {
				idle++
			}
		}
	}
	return all, idle
}

// settle waits until there are so many, and all of them idle.
func settle(t *testing.T, want int) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		all, idle := count()
		if all == want && idle == want {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d goroutines, %d of them idle; want %d", all, idle, want)
		}
	}
}

// TestWorkersAreKept, so many as are worth it, until Close, and all that they are given runs at once.
func TestWorkersAreKept(t *testing.T) {
	const most = 8
	w := New(most)
	atOnce := func(n int) {
		var running, done sync.WaitGroup
		running.Add(n)
		for range n {
			done.Add(1)
			w.Go(func() {
				defer done.Done()
				running.Done()
				running.Wait() // for all the others
			})
		}
		done.Wait()
	}
	atOnce(3)
	settle(t, 3)
	atOnce(2)
	settle(t, 3)
	atOnce(most + 20)
	settle(t, most)
	w.Close()
	settle(t, 0)
	atOnce(2)
	settle(t, 0)
}
