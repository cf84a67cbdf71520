package sim

import (
	"time"

	"github.com/minifaas/minifaas/scheduler/engine"
)

// ending is how a call ended.
type ending uint8

const (
	succeeded ending = iota
	timedOut
	outOfMemory
	containerLost
	nodeLost
	refusedFirst // and the engine's refusals from here on
)

const endings = refusedFirst + ending(engine.CreateGaveUp) + 1

func refused(why engine.Refusal) ending { return refusedFirst + ending(why) }

// endingNames are the kinds of failures that results speak of.
var endingNames = [endings]string{
	timedOut: "Timeout", outOfMemory: "OutOfMemory", containerLost: "ContainerLost", nodeLost: "NodeLost",
	refusedFirst + ending(engine.NoCapacity):       "NoCapacity",
	refusedFirst + ending(engine.QueueFull):        "QueueFull",
	refusedFirst + ending(engine.DeadlineExceeded): "DeadlineExceeded",
	refusedFirst + ending(engine.CreateFailed):     "CreateFailed",
	refusedFirst + ending(engine.Duplicate):        "Duplicate",
	refusedFirst + ending(engine.Canceled):         "Canceled",
	refusedFirst + ending(engine.CreateGaveUp):     "CreateGaveUp",
}

const (
	// failedResponse is the least response that a failed call counts in slowdowns.
	failedResponse = time.Minute
	// leastWork is the least response and the least work alone that count in
	// slowdowns: calls that do nothing would be slowed infinitely.
	leastWork = time.Millisecond
)

// tally counts the calls of one function: 24 bytes each, so that quantiles are exact.
type tally struct {
	calls, cold, waits int
	endings            [endings]int
	schedule, response []time.Duration
	slowdown           []float64
	counted            time.Duration // schedule and execution of successful calls
	failed             []time.Duration
}

func newTally(calls int) tally {
	return tally{
		schedule: make([]time.Duration, 0, calls), response: make([]time.Duration, 0, calls),
		slowdown: make([]float64, 0, calls),
	}
}

func (t *tally) count(k *call, now time.Duration, how ending) {
	response := now - k.arrived
	t.calls++
	t.endings[how]++
	if k.granted >= 0 {
		t.schedule = append(t.schedule, k.granted-k.arrived)
		switch {
		case k.cold:
			t.cold++
		case k.granted > k.arrived:
			t.waits++
		}
	}
	if how == succeeded {
		t.counted += response
	} else {
		t.failed = append(t.failed, response)
		response = max(response, failedResponse)
	}
	t.response = append(t.response, response)
	alone := k.work.CPU + k.work.Sleep
	t.slowdown = append(t.slowdown, float64(max(response, leastWork))/float64(max(alone, leastWork)))
}
