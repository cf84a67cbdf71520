package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"go.uber.org/zap"

	"github.com/minifaas/minifaas/nodeservice/sandbox/linux"
	schedulerpb "github.com/minifaas/minifaas/proto/scheduler"
)

// soakFunctions are what the callers of the soak call. Their timeouts are
// short: a lease whose caller was killed ends a timeout and 5 s later.
const soakFunctions = `
- {name: quick, runtime: native, handler: hello, code: hello, timeout: 3s}
- {name: script, runtime: binary, handler: fn.sh, code: hello-shell, timeout: 3s, memory: 64MiB}
- {name: load, runtime: native, handler: load-native, code: load-native, timeout: 3s}
- {name: shared, runtime: native, handler: load-native, code: load-native, timeout: 3s, concurrency: 20}
- {name: hasty, runtime: native, handler: load-native, code: load-native, timeout: 300ms}
- {name: greedy, runtime: native, handler: load-native, code: load-native, timeout: 3s, memory: 64MiB}
`

// TestSoak forces faults on a platform under load, in an order that follows from
// a seed, and then looks for anything that was leaked on the way:
//
//	MINIFAAS_SOAK_FAULTS   how many faults (100; 20 with -short)
//	MINIFAAS_SOAK_SEED     the seed (1)
//	MINIFAAS_SOAK_LOG      file for what the services log; else the end of it is shown on failure
func TestSoak(t *testing.T) {
	faults := setting(t, "MINIFAAS_SOAK_FAULTS", 100)
	if testing.Short() {
		faults = min(faults, 20)
	}
	seed := uint64(setting(t, "MINIFAAS_SOAK_SEED", 1))
	services := newSoakLog(t)
	snake := "- {name: snake, runtime: native, handler: hello, code: hello, timeout: 3s}\n"
	if linux.HasRuntime("python3") {
		snake = "- {name: snake, runtime: python3, handler: hello.handler, code: hello-python, timeout: 3s}\n"
	}
	p := startTest(t, soakFunctions+snake, func(cfg *platformConfig) {
		cfg.pool = poolFlags{Nodes: 2, MaxNodes: 3}
		cfg.output, cfg.log = services, zap.NewNop()
	})
	load := &soakLoad{t: t, client: newCaller(t, p).client, outcomes: map[string]int{}}
	f := &soakFaults{t: t, p: p, load: load, random: rand.New(rand.NewPCG(seed, 0)), forced: map[string]*soakFault{}}
	for _, function := range soakNames {
		f.serves(function)
	}
	before := p.footprint(t)

	begun := time.Now()
	loading, stop := context.WithCancel(t.Context())
	var callers sync.WaitGroup
	callers.Go(func() { load.run(loading, 8, seed) })
	func() {
		defer callers.Wait()
		defer stop()
		f.run(faults)
	}()
	t.Logf("%d faults in %v, seed %d, %d lines logged\n\n%s\n%s", faults, time.Since(begun).Round(time.Second), seed, services.lines(), f.summary(), load.summary())

	quiet := time.Now()
	p.await(t, "no lease", func(s *schedulerpb.GetStatusReply) bool { return s.GetCounters().GetLeasesActive() == 0 })
	scheduler, disagreement := schedulerpb.NewSchedulerClient(connect(t, p, schedulerPort)), "unknown"
	defer func() {
		if disagreement != "" {
			t.Error(disagreement)
		}
	}()
	eventually(t, "nothing in flight, and one view of it", func() bool {
		disagreement = p.disagreement(t, scheduler)
		return disagreement == ""
	})
	t.Logf("quiet after %v", time.Since(quiet).Round(time.Millisecond))
	for _, function := range soakNames {
		f.serves(function)
	}
	after := p.footprint(t)
	t.Logf("%-40s %8s %8s", "FOOTPRINT", "BEFORE", "AFTER")
	for _, what := range slices.Sorted(maps.Keys(after)) {
		t.Logf("%-40s %8.0f %8.0f", what, before[what], after[what])
		if was, there := before[what]; there && after[what] > was+40 { // a node may not have been up then
			t.Errorf("%s: %.0f", what, after[what])
		}
	}
}

var soakNames = []string{"quick", "script", "snake", "load", "shared"}

// serves calls a function until it answers well.
func (f *soakFaults) serves(function string) {
	f.t.Helper()
	eventually(f.t, "an answer of "+function, func() bool {
		ctx, cancel := context.WithTimeout(f.t.Context(), soakDeadline)
		defer cancel()
		return f.load.call(ctx, function, `{"name":"you"}`, func(string) bool { return true }) == "OK"
	})
}

// disagreement says where the nodes' inventories differ from what the scheduler
// believes, or where something still runs; empty when all is well.
func (p *platform) disagreement(t *testing.T, scheduler schedulerpb.SchedulerClient) string {
	believed := map[string]bool{}
	status, err := scheduler.GetStatus(t.Context(), &schedulerpb.GetStatusRequest{})
	if err != nil {
		return err.Error()
	}
	for _, n := range status.GetNodes() {
		for _, c := range n.GetContainers() {
			believed[fmt.Sprintf("%d/%s", n.GetPort(), c.GetContainerId())] = true
		}
	}
	there := map[string]bool{}
	for _, n := range nodeProcesses(p.cfg.sandbox.StateDir) {
		stats, err := n.stats(t.Context())
		if err != nil {
			return err.Error()
		}
		if calls := callsOf(stats); calls > 0 {
			return fmt.Sprintf("%d calls in flight on node %s", calls, n.name)
		}
		for _, c := range stats.GetContainerStatsList() {
			there[n.port+"/"+c.GetContainerId()] = true
		}
	}
	for c := range there {
		if !believed[c] {
			return "the scheduler does not know container " + c
		}
	}
	for c := range believed {
		if !there[c] {
			return "no node has container " + c
		}
	}
	return ""
}

// What a node holds for each of its containers; measured were 5.2 descriptors, to which its network
// has come, and 6.8 goroutines, beside 24 and 82 of its own.
const (
	containerDescriptors = 6
	containerGoroutines  = 7
)

// footprint is what the processes of the platform hold, descriptors and
// goroutines, beside what is for the containers that there are.
func (p *platform) footprint(t *testing.T) map[string]float64 {
	t.Helper()
	found := p.gauges(t, "process_open_fds", "go_goroutines")
	for _, n := range nodeProcesses(p.cfg.sandbox.StateDir) {
		stats, err := n.stats(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, told := found[n.name+" go_goroutines"]; !told {
			continue // it has only just come up
		}
		containers := float64(len(stats.GetContainerStatsList()))
		found[n.name+" process_open_fds"] -= containers * containerDescriptors
		found[n.name+" go_goroutines"] -= containers * containerGoroutines
	}
	own, _ := os.ReadDir("/proc/self/fd")
	found["supervisor process_open_fds"] = float64(len(own))
	return found
}

// setting is a number from the environment.
func setting(t *testing.T, name string, otherwise int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		t.Fatalf("%s=%q: want a number", name, text)
	}
	return n
}

// soakLog takes what the services log: it is long, so that only the end is kept.
type soakLog struct {
	file io.Writer

	mu    sync.Mutex // guards what follows
	count int
	tail  []byte
}

func newSoakLog(t *testing.T) *soakLog {
	l := &soakLog{file: io.Discard}
	if path := os.Getenv("MINIFAAS_SOAK_LOG"); path != "" {
		file, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { file.Close() })
		l.file = file
	}
	t.Cleanup(func() {
		if t.Failed() {
			l.mu.Lock()
			defer l.mu.Unlock()
			t.Logf("the services' last words:\n%s", l.tail)
		}
	})
	return l
}

func (l *soakLog) Write(text []byte) (int, error) {
	const most = 32 << 10
	l.mu.Lock()
	defer l.mu.Unlock()
	l.count += bytes.Count(text, []byte("\n"))
	l.tail = append(l.tail, text...)
	if len(l.tail) > 2*most {
		l.tail = slices.Clone(l.tail[len(l.tail)-most:])
	}
	return l.file.Write(text)
}

func (l *soakLog) lines() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.count
}

// gauges are what the processes of the platform tell, by process and name of the gauge.
func (p *platform) gauges(t *testing.T, names ...string) map[string]float64 {
	t.Helper()
	response, err := http.Get("http://" + p.endpoint(metricsPort) + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]float64{}
	for _, name := range names {
		for _, metric := range families[name].GetMetric() {
			for _, label := range metric.GetLabel() {
				if label.GetName() == "process" {
					found[label.GetValue()+" "+name] = metric.GetGauge().GetValue()
				}
			}
		}
	}
	return found
}
