package simulated

import (
	"errors"
	"strconv"
	"sync"
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
		r, err := New(Config{Creation: nodemodel.Reference(0.02)})
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

// TestSpeed: ten times faster means a tenth of everything.
func TestSpeed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := create(t, Config{Speed: 10}, sandbox.Spec{ID: "c", Memory: 512 << 20}, 50*time.Millisecond)
		event := []byte(`{"cpu_ms": 67, "sleep_ms": 100}`)
		result, err := c.Invoke(t.Context(), sandbox.Invocation{Event: event, Timeout: time.Second})
		if err != nil || result.Error != nil {
			t.Fatal(err, result.Error)
		}
		if want := 30 * time.Millisecond; result.Duration.Round(time.Microsecond) != want || result.CPU != 6700*time.Microsecond {
			t.Errorf("took %v and %v of CPU, want %v and 6.7 ms", result.Duration, result.CPU, want)
		}
		// 300 ms of the model are too long for a timeout of 299.
		begin := time.Now()
		result, err = c.Invoke(t.Context(), sandbox.Invocation{Event: event, Timeout: 299 * time.Millisecond})
		if err != nil || result.Error == nil || result.Error.Code != sandbox.CodeTimeout {
			t.Fatalf("%v, %+v; want a timeout", err, result)
		}
		if want := 29900 * time.Microsecond; result.Duration != want || time.Since(begin) != want {
			t.Errorf("timed out after %v, said after %v; want %v", result.Duration, time.Since(begin), want)
		}
	})
}

// TestCreationOfFixedTime: any number of containers are created at once in the same time.
func TestCreationOfFixedTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, err := New(Config{Creation: nodemodel.Creation{Delay: 100 * time.Millisecond, Memory: 1}})
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		begin := time.Now()
		var all sync.WaitGroup
		for i := range 70 {
			all.Go(func() {
				if _, err := r.Create(t.Context(), sandbox.Spec{ID: strconv.Itoa(i), Memory: 1 << 20}); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if took := time.Since(begin); took != 100*time.Millisecond {
			t.Errorf("70 containers took %v, want 100 ms", took)
		}
	})
}

// TestResident: a function may say what its containers use without calls.
func TestResident(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		spec := sandbox.Spec{ID: "c", Memory: 64 << 20, Function: function.Function{Resident: 40 << 20}}
		c := create(t, Config{}, spec, 500*time.Millisecond)
		if u, err := c.Usage(); err != nil || u.Memory != 40<<20 {
			t.Errorf("usage %+v, %v; want 40 MiB", u, err)
		}
		// 24 MiB more fit, and no byte beyond.
		time.Sleep(time.Second)
		result, err := c.Invoke(t.Context(), sandbox.Invocation{Event: []byte(`{"touch_mb": 24.000001}`), Timeout: time.Second})
		if !errors.Is(err, sandbox.ErrOutOfMemory) || result.MaxMemory != 64<<20+1 || result.Duration != 0 {
			t.Errorf("%+v, %v; want to be out of memory at once", result, err)
		}
	})
}

// create makes a container on a node of its own, which is to take so long.
func create(t *testing.T, cfg Config, spec sandbox.Spec, takes time.Duration) sandbox.Container {
	t.Helper()
	r, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	begin := time.Now()
	c, err := r.Create(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	if took := time.Since(begin); took != takes {
		t.Errorf("creating took %v, want %v", took, takes)
	}
	return c
}

func TestConfigFaults(t *testing.T) {
	_, err := New(Config{Config: nodemodel.Config{CPU: -1}, Creation: nodemodel.Reference(-1), Speed: -1})
	if err == nil {
		t.Fatal("accepted")
	}
	const want = "simulated runtime: cpu is -1 cores; it must be 0 (the default) or more\n" +
		"creation takes {Delay:-100ms CPU:-400ms Memory:8388608}; nothing of it may be below 0\n" +
		"speed is -1; it must be 0 (the default) or more"
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
