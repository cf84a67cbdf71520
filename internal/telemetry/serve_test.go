package telemetry

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
)

// start serves metrics until the test ends; get asks there for a path.
func start(t *testing.T, address string, gatherer prometheus.Gatherer, healthy func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var serving sync.WaitGroup
	serving.Go(func() {
		if err := ServeMetrics(ctx, address, gatherer, healthy); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() {
		cancel()
		serving.Wait()
	})
}

func get(t *testing.T, socket, path string) (int, string) {
	t.Helper()
	client := http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext:       func(ctx context.Context, _, _ string) (net.Conn, error) { return dialUnix(ctx, socket) },
	}}
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		response, err := client.Get("http://process" + path)
		if err != nil {
			if time.Now().After(deadline) {
				t.Fatal(err)
			}
			continue // it has not begun to listen
		}
		text, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		return response.StatusCode, string(text)
	}
}

func TestServeMetrics(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "a.sock")
	var mu sync.Mutex // guards sick
	var sick error
	start(t, "unix:"+socket, NewRegistry(), func() error {
		mu.Lock()
		defer mu.Unlock()
		return sick
	})
	for path, want := range map[string]string{"/metrics": "process_start_time_seconds", "/healthz": "ok\n", "/debug/pprof/heap?debug=1": "heap profile"} {
		if code, text := get(t, socket, path); code != http.StatusOK || !strings.Contains(text, want) {
			t.Errorf("%s: %d %.100s", path, code, text)
		}
	}
	mu.Lock()
	sick = errors.New("the disk is full")
	mu.Unlock()
	if code, text := get(t, socket, "/healthz"); code != http.StatusServiceUnavailable || text != "the disk is full\n" {
		t.Errorf("unhealthy: %d %q", code, text)
	}
}

func TestServeMetricsOnAPortInUse(t *testing.T) {
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer lis.Close()
	err = ServeMetrics(t.Context(), lis.Addr().String(), NewRegistry(), func() error { return nil })
	if err == nil || !strings.Contains(err.Error(), "--metrics-address") {
		t.Errorf("got %v", err)
	}
}

// TestMerged: one family for all processes, each metric with its process.
func TestMerged(t *testing.T) {
	folder := t.TempDir()
	for i, process := range []string{"node-1", "node-2"} {
		registry := prometheus.NewRegistry()
		calls := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "calls_total", Help: "Calls."}, []string{"code"})
		calls.WithLabelValues("OK").Add(float64(i + 1))
		took := prometheus.NewHistogram(prometheus.HistogramOpts{Name: "took_seconds", Help: "Time."})
		took.Observe(1)
		registry.MustRegister(calls, took)
		socket := filepath.Join(folder, process+".sock")
		start(t, "unix:"+socket, registry, func() error { return nil })
		get(t, socket, "/healthz")
	}
	merged := filepath.Join(t.TempDir(), "merged.sock")
	start(t, "unix:"+merged, Merged(folder), func() error { return nil })
	_, text := get(t, merged, "/metrics")
	var got []string
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "calls_total") || strings.HasPrefix(line, "took_seconds_count") || strings.HasPrefix(line, "# TYPE") {
			got = append(got, strings.TrimSpace(line))
		}
	}
	slices.Sort(got)
	want := []string{
		"# TYPE calls_total counter",
		"# TYPE took_seconds histogram",
		`calls_total{code="OK",process="node-1"} 1`,
		`calls_total{code="OK",process="node-2"} 2`,
		`took_seconds_count{process="node-1"} 1`,
		`took_seconds_count{process="node-2"} 1`,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("merged (-want +got):\n%s", d)
	}
}

func TestMergedWithoutProcesses(t *testing.T) {
	if families, err := Merged(filepath.Join(t.TempDir(), "nobody")).Gather(); err != nil || len(families) != 0 {
		t.Errorf("got %v, %v", families, err)
	}
}
