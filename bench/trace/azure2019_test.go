package trace

import (
	"compress/gzip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const (
	someInvocations = `HashOwner,HashApp,HashFunction,Trigger,480,481,482
o,app1,aaaaaaaaaaaaaaaa,timer,1,0,2
o,app1,aaaaaaaabbbbbbbb,http,0,3,0
o,app2,c,queue,0,0,40
o,app2,never,queue,0,0,0
`
	durationsHeader = "HashOwner,HashApp,HashFunction,Average,Count,Minimum,Maximum,percentile_Average_0,percentile_Average_1," +
		"percentile_Average_25,percentile_Average_50,percentile_Average_75,percentile_Average_99,percentile_Average_100\n"
	someDurations = durationsHeader + `o,app1,aaaaaaaaaaaaaaaa,70,9,0,0,70,70,70,70,70,70,70
o,app2,c,300,9,0,0,0,100,200,200,200,400,90000
o,app9,elsewhere,5,9,0,0,5,5,5,5,5,5,5
`
	memoryOfApps      = "HashOwner,HashApp,SampleCount,AverageAllocatedMb,AverageAllocatedMb_pct50\no,app1,5,99,20.25\no,app9,5,1,1\n"
	memoryOfFunctions = "HashFunction,SampleCount,AverageAllocatedMb,AverageAllocatedMb_pct50\naaaaaaaaaaaaaaaa,5,1,30\nc,5,1,200\n"
)

// azureFolder writes files into a folder; those that end in .gz are packed.
func azureFolder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		file, err := os.Create(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		if !strings.HasSuffix(name, ".gz") {
			file.WriteString(text)
			continue
		}
		zip := gzip.NewWriter(file)
		zip.Write([]byte(text))
		if err := zip.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestAzure2019(t *testing.T) {
	dir := azureFolder(t, map[string]string{
		"invocations.csv.gz": someInvocations, "durations.csv": someDurations, "memory.csv": memoryOfApps,
		"events.csv": "offset_ms,function,duration_ms,memory_mb\n", "README.md": "x",
	})
	w, err := Open(dir, Options{Seed: 3})
	if err != nil {
		t.Fatal(err)
	}
	wantFunctions := []Function{
		{Name: "aaaaaaaa", Kind: Sleep, Runtime: "native", Memory: 21 * MiB, Used: true, Resident: 21 * MiB, Timeout: time.Minute},
		{Name: "aaaaaaaa-2", Kind: Sleep, Runtime: "native", Memory: 21 * MiB, Used: true, Resident: 21 * MiB, Timeout: 3 * time.Minute},
		{Name: "c", Kind: Sleep, Runtime: "native", Memory: 21 * MiB, Used: true, Resident: 21 * MiB, Timeout: 3 * time.Minute},
	}
	if diff := cmp.Diff(wantFunctions, w.Functions); diff != "" {
		t.Errorf("functions (-want +got):\n%s", diff)
	}
	wantNotes := []string{
		"2 of 4 functions are not in the durations file: they have the median of the others",
		"2 of 4 functions are not in the memory file: they have the median of the others",
		"1 of 4 functions are not called in this time and left out",
		"calls sleep for their duration",
	}
	if diff := cmp.Diff(wantNotes, w.Notes); diff != "" {
		t.Errorf("notes (-want +got):\n%s", diff)
	}
	if w.Name != filepath.Base(dir) || w.Length != 3*time.Minute || w.Seed != 3 {
		t.Errorf("%s of %v, seed %d", w.Name, w.Length, w.Seed)
	}

	inMinute := make(map[[2]int]int) // calls by minute and function
	var last time.Duration
	for c := range w.Calls() {
		if c.Offset < last {
			t.Fatalf("call at %v after one at %v", c.Offset, last)
		}
		last = c.Offset
		inMinute[[2]int{int(c.Offset / time.Minute), c.Function}]++
		if c.Function == 0 && c.Sleep != 70*time.Millisecond {
			t.Errorf("a call of 70 ms sleeps %v", c.Sleep)
		}
		if c.Sleep < time.Millisecond || c.Sleep > 90*time.Second || c.CPU != 0 {
			t.Errorf("call %+v", c)
		}
	}
	want := map[[2]int]int{{0, 0}: 1, {2, 0}: 2, {1, 1}: 3, {2, 2}: 40}
	if diff := cmp.Diff(want, inMinute); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

func TestAzure2019MemoryOfFunctions(t *testing.T) {
	files := map[string]string{"invocations.csv": someInvocations, "durations.csv": someDurations, "memory.csv": memoryOfFunctions}
	w, err := Open(filepath.Join(azureFolder(t, files), "invocations.csv"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []int64{30, 200, 200} { // the second one has the median
		if got := w.Functions[i].Memory / MiB; got != want {
			t.Errorf("%s: %d MiB, want %d", w.Functions[i].Name, got, want)
		}
	}
	if w.Name != "invocations" || w.Seed != 1 {
		t.Errorf("%s, seed %d", w.Name, w.Seed)
	}
}

func TestAzure2019WithoutMemoryDrawsIt(t *testing.T) {
	dir := azureFolder(t, map[string]string{
		"i.d13.csv": someInvocations, "d.d13.csv": someDurations, "m.d12.csv": memoryOfApps,
		"i.d12.csv": someInvocations, "d.d12.csv": someDurations,
	})
	open := func(name string, seed uint64) *Workload {
		w, err := Open(filepath.Join(dir, name), Options{Seed: seed})
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
	if got := open("i.d12.csv", 1).Functions[0].Memory; got != 21*MiB {
		t.Errorf("day 12: %d bytes", got)
	}
	drawn, again, other := open("i.d13.csv", 1), open("i.d13.csv", 1), open("i.d13.csv", 2)
	if !slices.ContainsFunc(drawn.Notes, func(n string) bool { return strings.HasPrefix(n, "there is no memory") }) {
		t.Errorf("notes %q", drawn.Notes)
	}
	if diff := cmp.Diff(drawn.Functions, again.Functions); diff != "" {
		t.Errorf("same seed, other memory:\n%s", diff)
	}
	if cmp.Equal(drawn.Functions, other.Functions) {
		t.Error("another seed, same memory")
	}
	if _, err := Open(dir, Options{}); err == nil || !strings.Contains(err.Error(), "2 invocations files") {
		t.Errorf("a folder of two days: %v", err)
	}
}

func TestAzure2019Cut(t *testing.T) {
	dir := azureFolder(t, map[string]string{"i.csv": someInvocations, "d.csv": someDurations, "m.csv": memoryOfApps})
	list := func(opts Options) (calls []Call, notes []string) {
		w, err := Open(dir, opts)
		if err != nil {
			t.Fatal(err)
		}
		for c := range w.Calls() {
			c.Function = 0 // the order of the functions is another one
			calls = append(calls, c)
		}
		return calls, w.Notes
	}
	all, _ := list(Options{Seed: 9})
	const cut = 150 * time.Second
	want := slices.DeleteFunc(slices.Clone(all), func(c Call) bool { return c.Offset >= cut })
	got, notes := list(Options{Seed: 9, Length: cut})
	if diff := cmp.Diff(want, got); diff != "" || len(got) == len(all) {
		t.Errorf("%d of %d calls, -want +got:\n%s", len(got), len(all), diff)
	}
	if notes[0] != "cut to the first 2m30s" {
		t.Errorf("notes %q", notes)
	}
	if other, _ := list(Options{Seed: 10}); cmp.Equal(all, other) {
		t.Error("another seed, same calls")
	}
}

func TestAzure2019Faults(t *testing.T) {
	edit := func(text, old, new string) string { return strings.Replace(text, old, new, 1) }
	for name, tt := range map[string]struct{ invocations, durations, memory, want string }{
		"minutes in disarray": {edit(someInvocations, "481", "490"), someDurations, memoryOfApps, `i.csv: line 1: column "490": want minute 481`},
		"column after":        {edit(someInvocations, "482", "Total"), someDurations, memoryOfApps, `line 1: column "Total": want minute 482`},
		"unknown column":      {edit(someInvocations, "Trigger", "Colour"), someDurations, memoryOfApps, `line 1: unknown column "Colour"`},
		"no minute":           {"HashFunction\nf\n", someDurations, memoryOfApps, "no column for a minute"},
		"no function":         {edit(someInvocations, ",c,", ",,"), someDurations, memoryOfApps, "line 4: HashFunction is empty"},
		"function twice":      {edit(someInvocations, ",c,", ",never,"), someDurations, memoryOfApps, "line 5: HashFunction never is there twice"},
		"half a call":         {edit(someInvocations, "40", "1.5"), someDurations, memoryOfApps, "line 4: minute 482: 1.5 calls are not a whole number"},
		"negative calls":      {edit(someInvocations, "40", "-1"), someDurations, memoryOfApps, "line 4: 482 -1 is negative"},
		"no calls":            {"HashFunction,1\nf,0\nc,0\n", someDurations, memoryOfApps, "no function is called"},
		"too few fields":      {someInvocations + "o,app2\n", someDurations, memoryOfApps, "line 6"},
		"header only":         {"HashFunction,1\n", someDurations, memoryOfApps, "there is no function after the header"},
		"another day":         {edit(edit(someInvocations, ",c,", ",x,"), "aaaaaaaaaaaaaaaa", "y"), someDurations, memoryOfApps, "not of the same day"},
		"no durations":        {someInvocations, "x,y\n", memoryOfApps, "no durations file"},
		"percentile missing":  {someInvocations, edit(someDurations, "Average_99", "Average_98"), memoryOfApps, "d.csv: line 1: column percentile_Average_99 is missing"},
		"negative duration":   {someInvocations, edit(someDurations, "90000", "-90000"), memoryOfApps, "d.csv: line 3: percentile_Average_100 -90000 is negative"},
		"memory no number":    {someInvocations, someDurations, edit(memoryOfApps, "20.25", "much"), `m.csv: line 2: AverageAllocatedMb_pct50 "much" is not a number`},
		"two memory files":    {someInvocations, someDurations, "", "leave one of them"},
		"no invocations":      {"x,y\n", someDurations, memoryOfApps, "nor any other file that is a workload"},
	} {
		t.Run(name, func(t *testing.T) {
			files := map[string]string{"i.csv": tt.invocations, "d.csv": tt.durations, "m.csv": tt.memory}
			if tt.memory == "" {
				files["m.csv"], files["m2.csv"] = memoryOfApps, memoryOfApps
			}
			_, err := Open(azureFolder(t, files), Options{})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want one with %q", err, tt.want)
			}
		})
	}
	dir := azureFolder(t, map[string]string{"d.csv": someDurations})
	if _, err := Open(filepath.Join(dir, "d.csv"), Options{}); err == nil || !strings.Contains(err.Error(), "name the invocations file") {
		t.Errorf("the durations file by itself: %v", err)
	}
}

func TestDrawFollowsThePercentiles(t *testing.T) {
	a := newAzure2019(Options{})
	a.index["f"] = 0
	a.functions = []azureFunction{{hash: "f"}}
	table, err := newTable(strings.NewReader(durationsHeader + "o,a,f,0,0,0,0,10,20,100,300,900,5000,8000\n"))
	if err != nil {
		t.Fatal(err)
	}
	if err := a.readDurations(table); err != nil {
		t.Fatal(err)
	}
	const n = 100_000
	a.minutes = [][]cell{{{function: 0, calls: n}}}
	var ms []float64
	var offsets time.Duration
	for c := range a.calls([]int{0}, time.Minute) {
		ms = append(ms, c.Sleep.Seconds()*1000)
		offsets += c.Offset
	}
	slices.Sort(ms)
	for i, want := range map[int]float64{0: 10, n / 100: 20, n / 4: 100, n / 2: 300, 3 * n / 4: 900, 99 * n / 100: 5000, n - 1: 8000} {
		if got := ms[i]; got < want*0.93 || got > want*1.07 {
			t.Errorf("rank %d of %d: %v ms, want %v", i, n, got, want)
		}
	}
	if mean := offsets / n; (mean - 30*time.Second).Abs() > 200*time.Millisecond {
		t.Errorf("calls come %v after the minute's start on average", mean)
	}
}
