package load

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// metricsOf serves what a scheduler and another process hold; the scheduler has
// one goroutine more each time it is asked.
func metricsOf(t *testing.T, process string) (url string) {
	t.Helper()
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		n := asked.Add(1)
		for _, family := range []struct {
			name  string
			value int64
		}{{"process_resident_memory_bytes", 50_000_000}, {"go_goroutines", 100 + n}, {"process_open_fds", 20}} {
			fmt.Fprintf(w, "# TYPE %s gauge\n%s{process=\"other\"} 7\n%s{process=%q} %d\n", family.name, family.name, family.name, process, family.value)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func soakConfig(t *testing.T) SoakConfig {
	return SoakConfig{
		Scheduler: (&scheduler{creation: time.Millisecond}).serve(t), Metrics: metricsOf(t, "scheduler"),
		Functions: 5, Memory: 1 << 20, Rate: 100, Length: time.Second,
	}
}

func TestSoak(t *testing.T) {
	cfg := soakConfig(t)
	var last time.Duration
	cfg.Progress = func(passed time.Duration) { last = passed }
	got, err := MeasureSoak(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if got.Partial || got.Length != cfg.Length || got.Load.Calls != 80 || got.Load.Failed != 0 || last == 0 {
		t.Errorf("%+v", got)
	}
	if got.Before.Memory != 50_000_000 || got.Growth.Memory != 0 || got.Growth.Files != 0 {
		t.Errorf("%+v", got)
	}
	if got.Growth.Goroutines <= 0 || got.After.Goroutines <= got.Before.Goroutines {
		t.Errorf("the growth of goroutines is not seen: %+v", got)
	}
}

func TestSound(t *testing.T) {
	for growth, want := range map[Footprint]bool{
		{0.02, -0.5, 0}: true,
		{0.021, 0, 0}:   false,
		{0, 0.5, 0}:     false,
		{0, 0, 0.03}:    false,
	} {
		if got := (&Soak{Growth: growth}).Sound(); got != want {
			t.Errorf("%+v: %v", growth, got)
		}
	}
}

func TestSoakInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cfg := soakConfig(t)
	cfg.Progress = func(passed time.Duration) {
		if passed > cfg.Length/2 {
			cancel()
		}
	}
	got, err := MeasureSoak(ctx, cfg)
	if err != nil || !got.Partial || got.Length >= cfg.Length || got.Load.Calls >= 80 || got.Load.Achieved <= 0 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestSoakFaults(t *testing.T) {
	faults := map[string]func(*SoakConfig){
		"must be given":         func(c *SoakConfig) { c.Rate = 0 },
		`of the process "sched`: func(c *SoakConfig) { c.Metrics = metricsOf(t, "another") },
		"read metrics":          func(c *SoakConfig) { c.Metrics = "http://127.0.0.1:1/metrics" },
		"before the scheduler":  func(c *SoakConfig) { c.Length = time.Hour },
	}
	for want, spoil := range faults {
		cfg := soakConfig(t)
		spoil(&cfg)
		ctx, cancel := context.WithTimeout(t.Context(), cfg.Length/2)
		if cfg.Length > time.Minute {
			cancel()
		}
		if _, err := MeasureSoak(ctx, cfg); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want one with %q", err, want)
		}
		cancel()
	}
}
