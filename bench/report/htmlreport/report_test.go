package htmlreport

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"github.com/minifaas/minifaas/bench/report"
)

func write(t *testing.T, runs []report.ContestRun) string {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, runs); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestRefusesWhatCannotBeCompared(t *testing.T) {
	other := sample(styles[:2], 2, 1)
	other[1].Platform = "local"
	impossible := sample(styles[:1], 2, 1)
	impossible[0].NodeSeconds = math.NaN()
	for want, runs := range map[string][]report.ContestRun{
		"no runs": nil, "write a report for each": other, "unsupported value": impossible,
	} {
		if err := Write(io.Discard, runs); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
	if _, err := Plots(t.TempDir(), nil); err == nil {
		t.Error("plots of nothing: no error")
	}
}

// Others read the runs back from the page.
func TestRunsAreInThePage(t *testing.T) {
	runs := sample(styles, 15, 2)
	runs[0].Troubles = []report.Trouble{{Kind: "</script>", Count: 1, First: "<!--"}}
	_, after, _ := strings.Cut(write(t, runs), `<script type="application/json" id="runs">`)
	text, _, _ := strings.Cut(after, "</script>")
	var got json.RawMessage
	if err := json.Unmarshal([]byte(text), &struct{ Runs *json.RawMessage }{&got}); err != nil {
		t.Fatal(err)
	}
	want, err := json.Marshal(runs)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Error(diff)
	}
}

func TestPageIsSmallEnoughToSend(t *testing.T) {
	five := slices.Concat(styles, []style{{"greedy", "", 0.8, 14, 0}, {"frugal", "", 1.1, 9, 0}})
	const most = 3 << 20
	if size := len(write(t, sample(five, 15, 1))); size > most {
		t.Errorf("%d bytes for 5 schedulers, 15 functions, 690 steps: want %d at most", size, most)
	}
}

func TestRanks(t *testing.T) {
	runs := sample([]style{
		{"good", "", 0.7, 8, 0}, {"baseline", "baseline", 1, 16, 0}, {"dead", "", 0.1, 1, 100}, {"unscored", "", 0.1, 1, 0},
	}, 3, 2)
	runs[6].Main, runs[7].Main = nil, nil
	c, err := newContest(runs)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range c.entrants {
		got = append(got, digits(float64(e.Rank))+" "+e.Name+" "+e.Look)
	}
	want := []string{"1 good s0", "2 baseline base", "3 dead s1", "0 unscored s2"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got, want := c.Headline(), "good is best, with a score of "; !strings.HasPrefix(got, want) {
		t.Errorf("%s\nwant %s…", got, want)
	}
	for _, row := range c.scoreTable().Rows {
		if best := row.Cells[0].Best; best != (row.Entrant.Name == "good") {
			t.Errorf("score of %s is marked as the best: %t", row.Entrant.Name, best)
		}
	}
}

func TestShownIsTheMedianRepeat(t *testing.T) {
	runs := sample(styles[1:2], 2, 3)
	for i, score := range []float64{0.9, 0.5, 0.7} {
		runs[i].Main = &score
	}
	c, err := newContest(runs)
	if err != nil {
		t.Fatal(err)
	}
	if e := c.entrants[0]; e.index != 2 || *e.shown.Main != 0.7 {
		t.Errorf("run %d is shown, want 2", e.index)
	}
}

// TestHowToMakeItAgain: the page has the command that the runs tell.
func TestHowToMakeItAgain(t *testing.T) {
	runs := sample(styles, 2, 1)
	runs[0].Command = `minifaas bench contest --command 'python3 "my scheduler.py" <&1'`
	const want = `<code>minifaas bench contest --command &#39;python3 &#34;my scheduler.py&#34; &lt;&amp;1&#39;</code>`
	if page := write(t, runs); !strings.Contains(page, want) {
		t.Errorf("the page does not have %s", want)
	}
}

// TestNotesAreNoHeading: what is to be said of rounds comes after the scores; that not all was played comes first.
func TestNotesAreNoHeading(t *testing.T) {
	runs := sample(styles, 2, 1)
	runs[0].Notes = []string{"a note on rounds", "PARTIAL: 3 of 6 runs were played"}
	page := write(t, runs)
	table, note, partial := strings.Index(page, `id="score-table"`), strings.Index(page, "<li>a note on rounds"), strings.Index(page, `<p class="alert">PARTIAL: 3 of 6`)
	if partial < 0 || partial > table || note < table {
		t.Errorf("the warning is at %d, the table at %d, the note at %d", partial, table, note)
	}
}

// TestWhoNeverServedHasNoTimes: of calls that all failed there is no response to be the best.
func TestWhoNeverServedHasNoTimes(t *testing.T) {
	runs := sample(styles[:2], 2, 1)
	runs[1].Failures = runs[1].Calls
	c, err := newContest(runs)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range c.scoreTable().Rows {
		for _, cell := range row.Cells {
			if cell.Key == "response_p99_ms" && (cell.Mean == "–") != (row.Entrant.Name == "adaptive") {
				t.Errorf("response p99 of %s: %s", row.Entrant.Name, cell.Mean)
			}
		}
	}
}

// TestWordsOfStrangers: what would steer a page or hide in it is made visible, in the runs' JSON, too.
func TestWordsOfStrangers(t *testing.T) {
	runs := sample(styles, 2, 1)
	const hostile = "\x1b[31m\x00\u202egpj\x7f"
	for i := range runs {
		runs[i].Scheduler += hostile
		runs[i].Functions[0].Name = hostile
		runs[i].Troubles = append(runs[i].Troubles, report.Trouble{Kind: "k" + hostile, Count: 1, First: hostile})
	}
	page := write(t, runs)
	if i := strings.IndexFunc(page, func(r rune) bool { return r != '\n' && r != '\t' && !unicode.IsGraphic(r) }); i >= 0 {
		t.Errorf("the page has %q", page[i:i+20])
	}
	if n := strings.Count(page, `\x1b[31m\x00\u202egpj\x7f`); n < 10 {
		t.Errorf("the page shows it %d times", n)
	}
}

func TestTroublesAreInWords(t *testing.T) {
	runs := sample(styles[2:], 2, 2)
	runs[0].Partial, runs[0].PlatformFailure = true, "the service apiserver died (signal: killed)"
	runs[1].Partial, runs[1].Unanswered, runs[1].Problem = true, 12, "not the same workload"
	c, err := newContest(runs)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, line := range c.Troubles()[0].Lines {
		got = append(got, strings.TrimSpace(line.Text+" "+line.Example))
	}
	want := []string{
		"Not valid: it says nothing of the scheduler. the service apiserver died (signal: killed)",
		"Interrupted: 12 calls in flight given up.",
		"2 × its process ended before the run did; the first: after 152 s: KeyError: 'container-17'",
		"8 × containers granted that are another function's; the first: resize got c-31, which runs notify",
		"Failed calls: 780 UNAVAILABLE.",
		"More than 0.1 % of the calls failed in 2 runs: a penalty, which is in no score.",
		"No score. not the same workload",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if page := write(t, runs); !strings.Contains(page, `<span class="badge">PARTIAL</span>`) {
		t.Error("the page does not say that it is partial")
	}
}

func TestFormats(t *testing.T) {
	for want, got := range map[string]string{
		"0": digits(0), "7,650": digits(7650), "9.99": digits(9.99), "10.0": digits(9.996), "1,234,568": digits(1234567.8), "-1,000": digits(-1000),
		"850\u00a0µs": millis(0.85), "1.50\u00a0s": millis(1500), "99.95\u00a0%": percent(0.9995), "1 call": plural(1, "call"),
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestHeatLeavesOutStepsWithoutCalls(t *testing.T) {
	if mean, some := meanOf([]float64{0, 30, 0, 10}); mean != 20 || !some {
		t.Errorf("mean %v, %t", mean, some)
	}
	if _, some := meanOf([]float64{0, 0}); some {
		t.Error("a mean of no calls")
	}
	for class, ratio := range []float64{1, 1.2, 2, 2.1, 5, 6, 30, 31} {
		if got := heatClass(ratio); got != class {
			t.Errorf("%v is in class %d, want %d", ratio, got, class)
		}
	}
}

// Plots must be files that any program can draw: well-formed, with colours in place of variables.
func TestPlots(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "folder")
	paths, err := Plots(dir, sample([]style{{`<a & "b">`, "", 0.5, 3, 0}, {"baseline", "baseline", 1, 16, 0}}, 3, 2))
	if err != nil || len(paths) != 3 {
		t.Fatalf("%v, %v", paths, err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(text, []byte("var(")) {
			t.Errorf("%s has variables", path)
		}
		names := 0
		for decoder := xml.NewDecoder(bytes.NewReader(text)); ; {
			token, err := decoder.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%s: %v", path, err)
			}
			if chars, ok := token.(xml.CharData); ok && string(chars) == `<a & "b">` {
				names++
			}
		}
		if names != 1 {
			t.Errorf("%s has the scheduler's name %d times, want once", path, names)
		}
	}
}
