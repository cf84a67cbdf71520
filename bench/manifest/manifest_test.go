package manifest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/minifaas/minifaas/bench/trace"
	"github.com/minifaas/minifaas/internal/function"
)

// folder has the three load functions and one more.
func folder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"load-native": "runtime: native\nhandler: load-native\n",
		"load-python": "runtime: python3\nhandler: load.handle\n",
		"load-nodejs": "runtime: nodejs\nhandler: load.handle\n",
		"hello":       "runtime: native\nhandler: hello\n",
	} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
		for file, text := range map[string]string{"function.yaml": text, "code": "x"} {
			if err := os.WriteFile(filepath.Join(dir, name, file), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	return dir
}

func TestContestManifestLoads(t *testing.T) {
	dir := folder(t)
	samples, err := Samples(dir, func(string) bool { return true })
	if err != nil {
		t.Fatal(err)
	}
	w, err := trace.Open(trace.Contest2020, trace.Options{})
	if err != nil {
		t.Fatal(err)
	}
	declarations, notes, err := Functions(w, samples)
	if err != nil || len(notes) != 0 {
		t.Fatalf("notes %q, error %v", notes, err)
	}
	file, err := os.Create(filepath.Join(t.TempDir(), "functions.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if err := Write(file, declarations); err != nil {
		t.Fatal(err)
	}
	catalogue, err := function.Load(file.Name())
	if err != nil {
		t.Fatal(err)
	}
	runtimes := make(map[string]int)
	for _, want := range w.Functions {
		f, err := catalogue.Find("", want.Name)
		if err != nil {
			t.Fatal(err)
		}
		if f.Memory != want.Memory || f.Timeout != want.Timeout || f.Runtime != want.Runtime {
			t.Errorf("%s: loaded %+v, want %+v", want.Name, f, want)
		}
		runtimes[f.Runtime]++
	}
	if diff := cmp.Diff(map[string]int{"native": 6, "python3": 7, "nodejs": 2}, runtimes); diff != "" {
		t.Errorf("runtimes (-want +got):\n%s", diff)
	}
}

func TestNativeStandsIn(t *testing.T) {
	dir := folder(t)
	samples, err := Samples(dir, func(runtime string) bool { return runtime == function.NodeJS })
	if err != nil {
		t.Fatal(err)
	}
	w := &trace.Workload{Functions: []trace.Function{
		{Name: "a", Runtime: function.Python3, Memory: 192 << 20, Timeout: time.Hour},
		{Name: "b", Runtime: function.NodeJS, Memory: 1 << 30, Timeout: 90 * time.Second},
	}}
	declarations, notes, err := Functions(w, samples)
	if err != nil {
		t.Fatal(err)
	}
	wantNotes := []string{
		"a: its timeout is 15m0s instead of 1h0m0s, the most that a function may have",
		"python3 is not available: native stands in for it in 1 of 2 functions",
	}
	if diff := cmp.Diff(wantNotes, notes); diff != "" {
		t.Errorf("notes (-want +got):\n%s", diff)
	}
	var out strings.Builder
	if err := Write(&out, declarations); err != nil {
		t.Fatal(err)
	}
	want := strings.ReplaceAll(`functions:
  - name: a
    runtime: native
    handler: load-native
    code: DIR/load-native
    memory: 192MiB
    timeout: 15m0s
  - name: b
    runtime: nodejs
    handler: load.handle
    code: DIR/load-nodejs
    memory: 1GiB
    timeout: 1m30s
`, "DIR", dir)
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("manifest (-want +got):\n%s", diff)
	}
}

func TestContainersOfTracesGetHeadroom(t *testing.T) {
	const mib = trace.MiB
	w := &trace.Workload{Functions: []trace.Function{
		{Name: "asked", Memory: 100 * mib, Account: "shop"},
		{Name: "small", Memory: 16 * mib, Used: true},
		{Name: "fits", Memory: 160 * mib, Used: true},
		{Name: "more", Memory: 161 * mib, Used: true},
		{Name: "tiny", Memory: 16 * mib},
	}}
	declarations, notes, err := Functions(w, []Sample{{Runtime: function.Native}})
	if err != nil || len(notes) != 1 || !strings.HasPrefix(notes[0], "tiny: its memory is 24MiB instead of 16MiB") {
		t.Fatalf("notes %q, error %v", notes, err)
	}
	for i, want := range []function.Size{100 * mib, 128 * mib, 192 * mib, 256 * mib, 24 * mib} {
		if d := declarations[i]; d.Memory != want || d.Account != w.Functions[i].Account {
			t.Errorf("%s of account %q: %v, want %v", d.Name, d.Account, d.Memory, want)
		}
	}
}

func TestNoSamples(t *testing.T) {
	if _, err := Samples(t.TempDir(), nil); err == nil || !strings.Contains(err.Error(), "none of") {
		t.Errorf("got %v", err)
	}
	w := &trace.Workload{Functions: []trace.Function{{Name: "a", Runtime: function.Python3}}}
	if _, _, err := Functions(w, nil); err == nil || !strings.Contains(err.Error(), "nor the native one") {
		t.Errorf("got %v", err)
	}
}

// TestSimulatedManifestLoads: simulated functions have the workload's own sizes, and a
// container takes for itself what the simulator's does.
func TestSimulatedManifestLoads(t *testing.T) {
	const mib = trace.MiB
	w := &trace.Workload{Functions: []trace.Function{
		{Name: "asked", Memory: 100 * mib, Timeout: time.Minute, Account: "shop", Runtime: function.Python3},
		{Name: "used", Memory: 161*mib + 3, Timeout: 1500 * time.Millisecond, Used: true, Resident: 40 * mib},
		{Name: "large", Memory: 1 << 30, Timeout: time.Hour, Resident: 40 * mib},
	}}
	declarations, notes := Simulated(w)
	if diff := cmp.Diff([]string{"large: its timeout is 15m0s instead of 1h0m0s, the most that a function may have"}, notes); diff != "" {
		t.Errorf("notes (-want +got):\n%s", diff)
	}
	file, err := os.Create(filepath.Join(t.TempDir(), "functions.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if err := Write(file, declarations); err != nil {
		t.Fatal(err)
	}
	catalogue, err := function.Load(file.Name())
	if err != nil {
		t.Fatal(err)
	}
	for i, resident := range []int64{0, 40 * mib, 48 * mib} {
		want := w.Functions[i]
		f, err := catalogue.Find(want.Account, want.Name)
		if err != nil {
			t.Fatal(err)
		}
		if f.Runtime != function.Simulated || f.Memory != want.Memory || f.Timeout != min(want.Timeout, function.MaxTimeout) || f.Resident != resident || f.Code != "" {
			t.Errorf("%s: loaded %+v, want %+v with %d bytes resident", want.Name, f, want, resident)
		}
	}
}
