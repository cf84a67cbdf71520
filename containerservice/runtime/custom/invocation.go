package custom

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"sync"
	"time"

	"github.com/minifaas/minifaas/containerservice/runtime"
)

// invocation is one call on its way through the Runtime API.
type invocation struct {
	id       string
	event    []byte
	deadline time.Time
	trace    string
	answered chan answer // one value

	mu    sync.Mutex // guards taken and ended
	taken time.Time  // when the process got it
	ended time.Time
}

type answer struct {
	body  []byte
	fault *runtime.Error
}

// plain reports whether an id can stand in a header and in a path as it is.
func plain(id string) bool {
	for _, c := range []byte(id) {
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && c != '-' && c != '.' && c != '_' {
			return false
		}
	}
	return id != "" && len(id) <= 128
}

func newInvocation(c runtime.Call) *invocation {
	id := c.RequestID
	if !plain(id) {
		id = random(16)
	}
	now := time.Now()
	return &invocation{
		id:       id,
		event:    c.Event,
		deadline: now.Add(c.Timeout),
		trace:    fmt.Sprintf("Root=1-%08x-%s;Sampled=0", now.Unix(), random(12)),
		answered: make(chan answer, 1),
	}
}

func random(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)
}

func (in *invocation) take() {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.taken = time.Now()
}

func (in *invocation) wasTaken() bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	return !in.taken.IsZero()
}

// answer is called once: who took the invocation out of api.current.
func (in *invocation) answer(body []byte, fault *runtime.Error) {
	in.mu.Lock()
	in.ended = time.Now()
	in.mu.Unlock()
	in.answered <- answer{body, fault}
}

// duration is the time from the hand-over to the answer, or until now.
func (in *invocation) duration() time.Duration {
	in.mu.Lock()
	defer in.mu.Unlock()
	switch {
	case in.taken.IsZero():
		return 0
	case in.ended.IsZero():
		return time.Since(in.taken)
	}
	return in.ended.Sub(in.taken)
}
