package trace

import (
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const header2021 = "app,func,end_timestamp,duration\n"

func TestAzure2021(t *testing.T) {
	// The first two calls end in the other order than they start, and the last row started before the trace.
	dir := azureFolder(t, map[string]string{"two-weeks.txt": header2021 + `app1,f,10.5,0.5
app1,f,12,7
app2,f,100,95.25
app1,g,0.5,1.5
`})
	open := func(opts Options) *Workload {
		w, err := Open(filepath.Join(dir, "two-weeks.txt"), opts)
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
	w := open(Options{})
	var names []string
	for _, f := range w.Functions {
		names = append(names, f.Name)
		if f.Memory < 16*MiB || f.Memory > 1536*MiB || !f.Used || f.Resident != f.Memory {
			t.Errorf("%+v", f)
		}
	}
	if diff := cmp.Diff([]string{"app1-f", "app2-f", "app1-g"}, names); diff != "" {
		t.Errorf("functions (-want +got):\n%s", diff)
	}
	const ms = time.Millisecond
	want := []Call{
		{Offset: 0, Function: 2, Sleep: 1500 * ms},
		{Offset: 5750 * ms, Function: 1, Sleep: 95250 * ms},
		{Offset: 6000 * ms, Function: 0, Sleep: 7000 * ms},
		{Offset: 11000 * ms, Function: 0, Sleep: 500 * ms},
	}
	var got []Call
	for c := range w.Calls() {
		got = append(got, c)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
	if w.Name != "two-weeks" || w.Length != 11*time.Second || w.Seed != 1 || w.Functions[1].Timeout != 191*time.Second {
		t.Errorf("%s of %v, seed %d, timeout %v", w.Name, w.Length, w.Seed, w.Functions[1].Timeout)
	}
	if diff := cmp.Diff(w.Functions, open(Options{}).Functions); diff != "" {
		t.Errorf("same seed, other memory:\n%s", diff)
	}
	if cmp.Equal(w.Functions, open(Options{Seed: 2}).Functions) {
		t.Error("another seed, same memory")
	}
	if cut := open(Options{Length: 6 * time.Second}); cut.Count()[0] != 0 || cut.Count()[1] != 1 {
		t.Errorf("calls in 6 s: %v", cut.Count())
	}
}

func TestAzure2021Faults(t *testing.T) {
	for name, tt := range map[string]struct{ file, want string }{
		"no call":         {header2021, "no call after the header"},
		"more columns":    {"app,func,end_timestamp,duration,colour\n", "line 1: unknown columns"},
		"negative end":    {header2021 + "a,f,1,1\na,f,-1,1\n", "line 3: end_timestamp -1 is negative"},
		"negative length": {header2021 + "a,f,1,-1\n", "line 2: duration -1 is negative"},
		"no number":       {header2021 + "a,f,soon,1\n", `line 2: end_timestamp "soon" is not a number`},
		"no app":          {header2021 + ",f,1,1\n", "line 2: app is empty"},
		"no func":         {header2021 + "a,,1,1\n", "line 2: func is empty"},
		"too few fields":  {header2021 + "a,f,1\n", "line 2"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := azureFolder(t, map[string]string{"x.csv": tt.file})
			_, err := Open(filepath.Join(dir, "x.csv"), Options{})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want one with %q", err, tt.want)
			}
		})
	}
}

func TestBurrMemoryHasItsPublishedMedian(t *testing.T) {
	below, below90 := 0, 0
	const n = 20_000
	for i := range n {
		switch mb := burrMemory(rand.New(rand.NewPCG(1, uint64(i)))); {
		case mb <= 139.6:
			below++
			fallthrough
		case mb <= 261.9:
			below90++
		}
	}
	if !near(below, n/2, 0.02) || !near(below90, 9*n/10, 0.01) {
		t.Errorf("%d of %d are below the median, %d below the 90th percentile", below, n, below90)
	}
}
