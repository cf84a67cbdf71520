package nodemodel

import (
	"testing"
	"time"
)

// 8 MiB of its own + 60 + 60 are within 128 MiB, one more byte is not.
func TestContainerOutOfMemory(t *testing.T) {
	n := newNode(t, Config{}, 128*mib)
	n.invoke(0, 1, 1, Work{Sleep: time.Second, Memory: 60 * mib})
	n.invoke(0, 1, 2, Work{Sleep: time.Second, Memory: 60 * mib})
	want(t, n.Advance(n.zero, nil))
	n.invoke(0, 1, 3, Work{Memory: 1})
	want(t, n.ends(), end{0, OutOfMemory, 1, 0})
	if n.Invoke(n.zero, n.c[1], 4, Work{}) != nil {
		t.Error("invoked in a dead container")
	}
}

// A container whose own memory is over its limit does not live to be created.
func TestTooSmall(t *testing.T) {
	n := newNode(t, Config{})
	n.create(own - 1)
	n.create(own)
	want(t, n.ends(), end{0, OutOfMemory, 1, 0}, end{500 * ms, Created, 2, 0})
}

// 4,096 MiB less the system's 512: 1 with 8 + 2,000 and 2 with 8 + 1,500 are within; 100 more in
// 2 are not, and 1, the largest, goes.
func TestNodeOutOfMemory(t *testing.T) {
	n := newNode(t, Config{}, 4096*mib, 4096*mib)
	n.invoke(0, 1, 1, Work{Sleep: time.Second, Memory: 2000 * mib})
	n.invoke(0, 2, 2, Work{Sleep: time.Second, Memory: 1500 * mib})
	n.invoke(0, 2, 3, Work{Sleep: time.Second, Memory: 100 * mib})
	want(t, n.ends(), end{0, OutOfMemory, 1, 0}, finished(time.Second, 2, 2), finished(time.Second, 2, 3))
}

// Of containers of one size the oldest goes, wherever removals have moved it.
func TestOldestOfTheLargestGoes(t *testing.T) {
	n := newNode(t, Config{Memory: 512*mib + 40*mib}, own, own, own, own, own)
	n.Remove(n.zero, n.c[1]) // the fifth takes its place
	n.create(own)
	n.create(own)
	want(t, n.ends(), end{0, OutOfMemory, 2, 0}, end{500 * ms, Created, 6, 0}, end{500 * ms, Created, 7, 0})
}

// A call's peak is of its own time: 1 sees 8 + 50 + 30 MiB, 2 the same, 3 only 8 + 50 + 20, 4 begins alone.
func TestPeaks(t *testing.T) {
	n := newNode(t, Config{}, 512*mib)
	n.invoke(0, 1, 1, Work{Sleep: 100 * ms, Memory: 50 * mib})
	n.invoke(10*ms, 1, 2, Work{Sleep: 10 * ms, Memory: 30 * mib})
	n.invoke(30*ms, 1, 3, Work{Sleep: 10 * ms, Memory: 20 * mib})
	n.invoke(200*ms, 1, 4, Work{Memory: mib})
	var peaks []int64
	for _, done := range n.Advance(n.zero+time.Second, nil) {
		peaks = append(peaks, done.Peak)
	}
	want(t, peaks, 88*mib, 78*mib, 88*mib, 9*mib)
}
