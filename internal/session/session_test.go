package session

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
)

type calls = Calls[string, string]

// do makes a call in the background, and returns when it is queued.
func do(t *testing.T, c *calls, ctx context.Context, request string) <-chan string {
	t.Helper()
	answered := make(chan string, 1)
	go func() {
		answer, err := c.Do(ctx, request)
		if err != nil {
			answer = err.Error()
		}
		answered <- answer
	}()
	for {
		c.mu.Lock()
		there := slices.ContainsFunc(c.unsent, func(call *Call[string, string]) bool { return call.Request == request })
		c.mu.Unlock()
		if there {
			return answered
		}
		Gather()
	}
}

func taken(c *calls, most int) (requests []string, ids []uint64) {
	batch, _ := c.Take(most)
	for _, call := range batch {
		requests, ids = append(requests, call.Request), append(ids, call.ID)
	}
	return requests, ids
}

func TestCallsFindTheirAnswers(t *testing.T) {
	c := NewCalls[string, string]()
	a, b := do(t, c, t.Context(), "a"), do(t, c, t.Context(), "b")
	<-c.Ready()
	first, ids := taken(c, 1)
	if !slices.Equal(first, []string{"a"}) {
		t.Errorf("took %v", first)
	}
	<-c.Ready() // there is more
	second, more := taken(c, 10)
	if !slices.Equal(second, []string{"b"}) {
		t.Errorf("took %v", second)
	}
	c.Answer(99, "nobody's")
	c.Answer(more[0], "B")
	c.Answer(ids[0], "A")
	c.Answer(ids[0], "again")
	if got := <-a + <-b; got != "AB" {
		t.Errorf("answers %q", got)
	}
}

func TestCallersLeave(t *testing.T) {
	c := NewCalls[string, string]()
	late := make(chan string, 2)
	c.Late = func(request, answer string) { late <- request + answer }
	ctx, leave := context.WithCancel(t.Context())
	sent := do(t, c, ctx, "sent")
	_, ids := taken(c, 1)
	unsent := do(t, c, ctx, "unsent")
	leave()
	<-sent
	<-unsent
	if batch, left := c.Take(10); len(batch) != 0 || !slices.Equal(left, ids) {
		t.Errorf("took %d calls, and %v have left; want none, and %v", len(batch), left, ids)
	}
	c.Answer(ids[0], "-too-late")
	if got := <-late; got != "sent-too-late" || len(late) > 0 {
		t.Errorf("late: %s", got)
	}
}

// TestStreamsBreak: what was sent is sent again, or fails, as the client asks.
func TestStreamsBreak(t *testing.T) {
	for name, test := range map[string]struct {
		breaks func(*calls)
		want   []string // of the sent one, of the unsent one
		again  []string // that are sent on the next stream
	}{
		"resend":    {func(c *calls) { c.Resend() }, []string{"", ""}, []string{"sent", "unsent"}},
		"fail sent": {func(c *calls) { c.FailSent("lost") }, []string{"lost", ""}, []string{"unsent"}},
		"fail":      {func(c *calls) { c.Fail("lost") }, []string{"lost", "lost"}, nil},
		"end":       {func(c *calls) { c.End("over") }, []string{"over", "over"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			c := NewCalls[string, string]()
			sent := do(t, c, t.Context(), "sent")
			taken(c, 1)
			unsent := do(t, c, t.Context(), "unsent")
			test.breaks(c)
			again, ids := taken(c, 10)
			if !slices.Equal(again, test.again) {
				t.Errorf("sent again: %v, want %v", again, test.again)
			}
			for _, id := range ids {
				c.Answer(id, "")
			}
			if got := []string{<-sent, <-unsent}; !slices.Equal(got, test.want) {
				t.Errorf("answers %q, want %q", got, test.want)
			}
			if got, err := c.Do(canceled(t), "later"); name == "end" && got != "over" || name != "end" && !errors.Is(err, context.Canceled) {
				t.Errorf("a later call: %q, %v", got, err)
			}
		})
	}
}

func canceled(t *testing.T) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}

func TestUnsend(t *testing.T) {
	c := NewCalls[string, string]()
	ctx, leave := context.WithCancel(t.Context())
	stays, leaves := do(t, c, t.Context(), "stays"), do(t, c, ctx, "leaves")
	batch, _ := c.Take(10)
	do(t, c, t.Context(), "next")
	leave()
	<-leaves
	c.Unsend(batch)
	c.FailSent("lost")
	if got, _ := taken(c, 10); !slices.Equal(got, []string{"stays", "next"}) || len(stays) > 0 {
		t.Errorf("took %v", got)
	}
}

// TestQueueKeepsAll of many who add at once, in the order of each.
func TestQueueKeepsAll(t *testing.T) {
	const adders, each = 8, 1000
	q := NewQueue[[2]int]()
	var adding sync.WaitGroup
	for a := range adders {
		adding.Go(func() {
			for i := range each {
				q.Add([2]int{a, i})
			}
		})
	}
	next := make([]int, adders)
	for n := 0; n < adders*each; {
		<-q.Ready()
		for {
			items := q.Take(16)
			if len(items) == 0 {
				break
			}
			if len(items) > 16 {
				t.Fatalf("took %d", len(items))
			}
			for _, item := range items {
				if next[item[0]] != item[1] {
					t.Fatalf("took %v, want number %d", item, next[item[0]])
				}
				next[item[0]]++
			}
			n += len(items)
		}
	}
	adding.Wait()
}
