package trace

import (
	"compress/gzip"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestReadCSV(t *testing.T) {
	w, err := ReadCSV(strings.NewReader(`offset_ms,function,duration_ms,memory_mb,kind
10,a,100,50,
10.5,b,20,200.5,memory
20,a,30,60,cpu
70020,c,90000,10,sleep
`), "events", 0)
	if err != nil {
		t.Fatal(err)
	}
	wantFunctions := []Function{
		{Name: "a", Kind: Sleep, Runtime: "native", Memory: 60 * MiB, Used: true, Resident: 60 * MiB, Timeout: time.Minute},
		{Name: "b", Kind: Memory, Runtime: "native", Memory: 201 * MiB, Used: true, Timeout: time.Minute},
		{Name: "c", Kind: Sleep, Runtime: "native", Memory: 16 * MiB, Used: true, Resident: 16 * MiB, Timeout: 3 * time.Minute},
	}
	if diff := cmp.Diff(wantFunctions, w.Functions); diff != "" {
		t.Errorf("functions (-want +got):\n%s", diff)
	}
	const ms = time.Millisecond
	wantCalls := []Call{
		{Offset: 10 * ms, Function: 0, Sleep: 100 * ms},
		{Offset: 10500 * time.Microsecond, Function: 1, Sleep: 20 * ms, Touch: 200*MiB + MiB/2},
		{Offset: 20 * ms, Function: 0, CPU: 30 * ms},
		{Offset: 70020 * ms, Function: 2, Sleep: 90000 * ms},
	}
	var calls []Call
	for c := range w.Calls() {
		calls = append(calls, c)
	}
	if diff := cmp.Diff(wantCalls, calls); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
	if w.Length != 70020*ms {
		t.Errorf("length %v", w.Length)
	}
	if len(w.Notes) != 1 || !strings.HasPrefix(w.Notes[0], "1 of 4 events have no kind") {
		t.Errorf("notes %q", w.Notes)
	}
}

func TestReadCSVFaults(t *testing.T) {
	const header = "offset_ms,function,duration_ms,memory_mb\n"
	for name, tt := range map[string]struct{ file, want string }{
		"empty":             {"", "the file is empty"},
		"header only":       {header, "no event"},
		"no header":         {"1,f,2,3\n", `line 1: unknown column "1"`},
		"no table":          {strings.Repeat("x", 100) + "\n", `line 1: unknown column "` + strings.Repeat("x", 60) + `": want`},
		"unknown column":    {"offset_ms,function,duration_ms,memory_mb,colour\n", `line 1: unknown column "colour"`},
		"column twice":      {"offset_ms,function,offset_ms\n", "line 1: column offset_ms is there twice"},
		"column missing":    {"offset_ms,function,memory_mb\n", "line 1: column duration_ms is missing"},
		"too few fields":    {header + "1,f,2,3\n2,f\n", "line 3"},
		"bad quote":         {header + "1,\"f,2,3\n", "line 2"},
		"negative time":     {header + "1,f,2,3\n-2,f,2,3\n", "line 3: offset_ms -2 is negative"},
		"negative duration": {header + "1,f,-2,3\n", "line 2: duration_ms -2 is negative"},
		"no number":         {header + "1,f,2,much\n", `line 2: memory_mb "much" is not a number`},
		"NaN":               {header + "NaN,f,2,3\n", "line 2: offset_ms"},
		"infinite":          {header + "Inf,f,2,3\n", "line 2: offset_ms Inf is more than"},
		"out of order":      {header + "5,f,2,3\n4,f,2,3\n", "line 3: offset_ms 4 comes after 5"},
		"no function":       {header + "5,,2,3\n", "line 2: function is empty"},
		"kind":              {"offset_ms,function,duration_ms,memory_mb,kind\n5,f,2,3,nap\n", `line 2: kind "nap"`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ReadCSV(strings.NewReader(tt.file), "x", 0)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want one with %q", err, tt.want)
			}
		})
	}
}

func TestOpenFiles(t *testing.T) {
	dir := t.TempDir()
	packed := filepath.Join(dir, "events.csv.gz")
	file, err := os.Create(packed)
	if err != nil {
		t.Fatal(err)
	}
	zip := gzip.NewWriter(file)
	zip.Write([]byte("offset_ms,function,duration_ms,memory_mb\n1000,f,2,3\n2000,f,2,3\n9000,f,2,3\n"))
	if err := zip.Close(); err != nil {
		t.Fatal(err)
	}
	file.Close()
	w, err := Open(packed, Options{Length: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	if n := w.Count()[0]; n != 2 || w.Name != "events" || w.Length != 6*time.Second {
		t.Errorf("%s: %d calls in %v", w.Name, n, w.Length)
	}

	spec := filepath.Join(dir, "small.yaml")
	write(t, spec, minimal)
	w, err = Open(spec, Options{Length: 10 * time.Second, Seed: 5})
	if err != nil {
		t.Fatal(err)
	}
	if n := w.Count()[0]; n != 4 || w.Seed != 5 {
		t.Errorf("%d calls, seed %d", n, w.Seed)
	}

	write(t, filepath.Join(dir, "events.txt"), "x")
	write(t, filepath.Join(dir, "plain.csv.gz"), "offset_ms,function,duration_ms,memory_mb\n")
	whole, err := os.ReadFile(packed)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "cut.csv.gz"), string(whole[:len(whole)-9])) // the sum and the length, and the end of the data
	write(t, filepath.Join(dir, "stub.csv.gz"), string(whole[:11]))
	for name, want := range map[string]string{
		"contest-1999":                     "the built-in workloads are azure-like, bursts, contest-2020, correlated",
		filepath.Join(dir, "events.txt"):   `unknown kind of file ".txt"`,
		filepath.Join(dir, "plain.csv.gz"): "not packed with gzip",
		filepath.Join(dir, "cut.csv.gz"):   "line 5: the packed file ends in the middle",
		filepath.Join(dir, "stub.csv.gz"):  "line 1: the packed file ends in the middle",
	} {
		if _, err := Open(name, Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("open %s: %v, want %q", name, err, want)
		}
	}
	if _, err := Open(Contest2020, Options{Length: -1}); err == nil {
		t.Error("a negative length is accepted")
	}
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestEvent(t *testing.T) {
	c := Call{CPU: 1250 * time.Microsecond, Sleep: 3 * time.Second, Touch: 200 * MiB}
	if got, want := string(c.Event()), `{"cpu_ms":1.25,"sleep_ms":3000,"touch_mb":200}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := string(Call{}.Event()), `{"cpu_ms":0,"sleep_ms":0,"touch_mb":0}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestRealTraces reads every trace below $MINIFAAS_TRACES, if that is set.
func TestRealTraces(t *testing.T) {
	root := os.Getenv("MINIFAAS_TRACES")
	if root == "" {
		t.Skip("MINIFAAS_TRACES is not set: no real traces to read")
	}
	read := 0
	check := func(path string) {
		w, err := Open(path, Options{})
		if err != nil {
			t.Error(err)
			return
		}
		calls := 0
		for _, n := range w.Count() {
			calls += n
		}
		t.Logf("%s: %d calls of %d functions in %v", path, calls, len(w.Functions), w.Length)
		read++
	}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(strings.TrimSuffix(path, ".gz"), ".csv") {
			return err
		}
		file, err := openFile(path)
		if err != nil {
			return err
		}
		defer file.Close()
		switch file.form() {
		case eventForm, azure2021Form:
			check(path)
		case invocationsForm:
			check(path)
			check(filepath.Dir(path))
		}
		return nil
	})
	if err != nil || read == 0 {
		t.Errorf("%d traces under %s: %v", read, root, err)
	}
}

func BenchmarkReadCSV(b *testing.B) {
	var text strings.Builder
	text.WriteString("offset_ms,function,duration_ms,memory_mb\n")
	const rows = 100_000
	for i := range rows {
		fmt.Fprintf(&text, "%d,f%d,%d,%d\n", i, i%500, i%1000, i%200)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ReadCSV(strings.NewReader(text.String()), "b", 0); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/rows, "ns/row")
}
