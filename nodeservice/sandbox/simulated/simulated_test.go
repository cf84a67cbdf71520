package simulated

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/minifaas/minifaas/internal/function"
	"github.com/minifaas/minifaas/internal/nodemodel"
	"github.com/minifaas/minifaas/nodeservice/sandbox"
	"github.com/minifaas/minifaas/nodeservice/sandbox/sandboxtest"
)

func TestConformance(t *testing.T) {
	work := function.Function{Name: function.Name{Account: "test", Function: "work", Version: "1"}}
	sandboxtest.Run(t, func(t *testing.T) sandbox.Runtime {
		r, err := New(Config{CreateScale: 0.02})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := r.Close(); err != nil {
				t.Errorf("close: %v", err)
			}
		})
		return r
	}, sandboxtest.Features{Work: work})
}

// TestRealTime: the shell takes exactly the model's time.
func TestRealTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, err := New(Config{})
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		begin := time.Now()
		c, err := r.Create(t.Context(), sandbox.Spec{ID: "c", Memory: 512 << 20})
		if err != nil {
			t.Fatal(err)
		}
		if took := time.Since(begin); took != 500*time.Millisecond {
			t.Errorf("create took %v, want 0.5 s", took)
		}
		result, err := c.Invoke(t.Context(), sandbox.Invocation{
			Event: []byte(`{"cpu_ms": 67, "sleep_ms": 100, "touch_mb": 40}`), Timeout: time.Second,
		})
		if err != nil {
			t.Fatal(err)
		}
		// 67 ms at 0.335 cores, then 100 ms.
		if want := 300 * time.Millisecond; result.Duration.Round(time.Microsecond) != want {
			t.Errorf("duration %v, want %v", result.Duration, want)
		}
		if want := 67 * time.Millisecond; result.CPU != want {
			t.Errorf("CPU %v, want %v", result.CPU, want)
		}
		if want := int64(48 << 20); result.MaxMemory != want {
			t.Errorf("max memory %d, want %d", result.MaxMemory, want)
		}
	})
}

func TestConfigFaults(t *testing.T) {
	_, err := New(Config{Config: nodemodel.Config{CPU: -1}, CreateScale: -1})
	if err == nil {
		t.Fatal("accepted")
	}
	const want = "simulated runtime: cpu is -1 cores; it must be 0 (the default) or more\n" +
		"create scale is -1; it must be 0 (the default) or more"
	if err.Error() != want {
		t.Errorf("error %q, want %q", err, want)
	}
}

// TestQuota: a simulated container has the CPU quota of a real one.
func TestQuota(t *testing.T) {
	for _, memory := range []int64{128 << 20, 512 << 20, 1 << 30, 3 << 30} {
		if got, want := nodemodel.Quota(memory), sandbox.Quota(memory); got != want {
			t.Errorf("%d bytes: simulated %v cores, real %v", memory, got, want)
		}
	}
}
