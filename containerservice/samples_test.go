package containerservice_test

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/minifaas/minifaas/internal/wire"
)

// sample is one of the repository's own sample functions.
func sample(t testing.TB, runtime, name, handler string) *wire.LoadRequest {
	req := function(t, runtime, handler, nil)
	req.CodeDir = filepath.Join(filepath.Dir(cwd(t)), "bench", "functions", name)
	if runtime == "native" {
		req.CodeDir = bin
	}
	return req
}

func TestHelloSamples(t *testing.T) {
	for runtime, req := range map[string]func() *wire.LoadRequest{
		"native":  func() *wire.LoadRequest { return sample(t, "native", "hello", "hello") },
		"python3": func() *wire.LoadRequest { return sample(t, "python3", "hello-python", "hello.handler") },
		"nodejs":  func() *wire.LoadRequest { return sample(t, "nodejs", "hello-nodejs", "hello.handler") },
		"binary":  func() *wire.LoadRequest { return sample(t, "binary", "hello-shell", "fn.sh") },
	} {
		t.Run(runtime, func(t *testing.T) {
			a := load(t, req())
			if runtime == "binary" { // a shell reads no JSON
				a.answers(t, "", "hello, world")
				a.answers(t, "minifaas", "hello, minifaas")
				return
			}
			a.answers(t, "{}", "hello, world")
			a.answers(t, `{"name":"minifaas"}`, "hello, minifaas")
		})
	}
}

func TestLoadSamples(t *testing.T) {
	for runtime, req := range map[string]func() *wire.LoadRequest{
		"native":  func() *wire.LoadRequest { return sample(t, "native", "load-native", "load-native") },
		"python3": func() *wire.LoadRequest { return sample(t, "python3", "load-python", "load.handler") },
		"nodejs":  func() *wire.LoadRequest { return sample(t, "nodejs", "load-nodejs", "load.handler") },
	} {
		t.Run(runtime, func(t *testing.T) {
			a := load(t, req())
			before := a.invoke(t, "{}").MaxMemoryUsageInBytes
			r := a.invoke(t, `{"cpu_ms":30,"sleep_ms":50,"touch_mb":48}`)
			var got struct {
				CPUMS     float64 `json:"cpu_ms"`
				SleptMS   float64 `json:"slept_ms"`
				TouchedMB float64 `json:"touched_mb"`
			}
			if err := json.Unmarshal(r.Body, &got); err != nil {
				t.Fatalf("%v: %v, %s", err, r.Error, r.Body)
			}
			// Above, as a busy machine may keep it from looking at the clock in time.
			if got.CPUMS < 30 || got.CPUMS > 60 || got.SleptMS < 49 || got.TouchedMB != 48 {
				t.Errorf("asked for 30 ms, 50 ms, 48 MiB: got %+v", got)
			}
			if grown := (r.MaxMemoryUsageInBytes - before) >> 20; grown < 45 || grown > 80 {
				t.Errorf("peak grew by %d MiB for 48", grown)
			}

			begun := time.Now()
			var wg sync.WaitGroup
			for range 32 {
				wg.Go(func() {
					if r := a.invoke(t, `{"cpu_ms":1,"sleep_ms":300}`); r.Error != nil || !strings.Contains(string(r.Body), "slept_ms") {
						t.Errorf("got %s, %v", r.Body, r.Error)
					}
				})
			}
			wg.Wait()
			if d := time.Since(begun); d > 4*time.Second {
				t.Errorf("32 calls that sleep 0.3 s took %v", d)
			}
		})
	}
}
