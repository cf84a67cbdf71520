package load

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// metricsOf serves what a process and one that is called other hold; the latter has
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
			fmt.Fprintf(w, "# TYPE %s gauge\n%s{process=%q} 7\n%s{process=\"other\"} %d\n", family.name, family.name, process, family.name, family.value)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func soakConfig(t *testing.T) SoakConfig {
	return SoakConfig{
		Scheduler: (&scheduler{creation: time.Millisecond}).serve(t), Metrics: metricsOf(t, "scheduler"), Watched: []string{"scheduler", "other"},
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
	if len(got.Services) != 2 || got.Services[0].Name != "other" || got.Services[1].Name != "scheduler" {
		t.Fatalf("services %+v", got.Services)
	}
	other, steady := got.Services[0], got.Services[1].Growth
	if other.Before.Memory != 50_000_000 || other.Growth.Memory != 0 || other.Growth.Files != 0 || steady != (Footprint{}) {
		t.Errorf("%+v", got)
	}
	if other.Growth.Goroutines <= 0 || other.After.Goroutines <= other.Before.Goroutines {
		t.Errorf("the growth of goroutines is not seen: %+v", got)
	}
}

// TestSoaked: medians of the first and of the last quarter, of each service.
func TestSoaked(t *testing.T) {
	var samples []map[string]Footprint
	for i := range 12 {
		memory := 100.0
		switch {
		case i%4 == 3:
			memory = 900 // a burst in each quarter
		case i >= 9:
			memory = 103
		}
		samples = append(samples, map[string]Footprint{"b": {1, 1, 1}, "a": {memory, 10, 10}})
	}
	got := soaked(samples)
	want := []SoakedService{
		{Name: "a", Before: Footprint{100, 10, 10}, After: Footprint{103, 10, 10}, Growth: growth(Footprint{100, 10, 10}, Footprint{103, 10, 10})},
		{Name: "b", Before: Footprint{1, 1, 1}, After: Footprint{1, 1, 1}},
	}
	if !slices.Equal(got, want) {
		t.Errorf("%+v; want %+v", got, want)
	}
}

func TestSound(t *testing.T) {
	before := Footprint{Memory: 100e6, Goroutines: 500, Files: 16}
	for after, want := range map[Footprint]bool{
		{101.9e6, 250, 16}: true,
		{100e6, 510, 17}:   true, // a file more is 6 %, but only one
		{102.1e6, 500, 0}:  false,
		{100e6, 511, 16}:   false,
		{100e6, 500, 18}:   false,
	} {
		s := Soak{Services: []SoakedService{{}, {Before: before, After: after, Growth: growth(before, after)}}}
		if got := s.Sound(); got != want {
			t.Errorf("%+v: %v", after, got)
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
