package htmlreport

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/minifaas/minifaas/bench/report"
)

// browser is a headless one that notes what a page must not do: errors, words on the
// console, requests. The test is skipped where there is
// no chromium.
type browser struct {
	context.Context

	mu       sync.Mutex // guards misdeeds
	misdeeds []string
}

func openBrowser(t *testing.T) *browser {
	t.Helper()
	if testing.Short() {
		t.Skip("a browser takes long")
	}
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("there is no chromium: apt-get install chromium")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path))
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	b := &browser{Context: ctx}
	if err := chromedp.Listen(ctx, b.watch); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(ctx, network.Enable, network.EnableParams{}); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(ctx, log.Enable, cdp.Empty{}); err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *browser) watch(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		b.misdeeds = append(b.misdeeds, fmt.Sprintf("exception: %+v", e.ExceptionDetails))
	case *runtime.EventConsoleAPICalled:
		words, err := json.Marshal(e.Args)
		b.misdeeds = append(b.misdeeds, fmt.Sprintf("console.%s: %s %v", e.Type, words, err))
	case *log.EventEntryAdded:
		b.misdeeds = append(b.misdeeds, "log: "+e.Entry.Text)
	case *network.EventRequestWillBeSent:
		if url := e.Request.URL; !strings.HasPrefix(url, "file:") && !strings.HasPrefix(url, "data:") {
			b.misdeeds = append(b.misdeeds, "request of "+url)
		}
	}
}

// open shows the page of the runs in a window so wide.
func (b *browser) open(t *testing.T, runs []report.ContestRun, width int64) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "report.html")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := Write(f, runs); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if err := chromedp.Do(b, chromedp.EmulateViewport(width, 900), chromedp.Navigate("file://"+path)); err != nil {
		t.Fatal(err)
	}
}

// evaluate runs a script in the page.
func evaluate[T any](t *testing.T, b *browser, script string) T {
	t.Helper()
	result, err := chromedp.Run(b, chromedp.Evaluate[T](script))
	if err != nil {
		t.Fatalf("%s: %v", script, err)
	}
	return result
}

// blameless fails if the page did anything that it must not, and if it is wider than the window.
func (b *browser) blameless(t *testing.T) {
	t.Helper()
	if wide := evaluate[string](t, b, `document.documentElement.scrollWidth + " of " + innerWidth`); !fits(wide) {
		t.Errorf("the page is wider than its window: %s px", wide)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, misdeed := range b.misdeeds {
		t.Error(misdeed)
	}
	b.misdeeds = nil
}

func fits(wide string) bool {
	page, window, _ := strings.Cut(wide, " of ")
	return page == window
}

func TestBrowserShowsAnyContest(t *testing.T) {
	b := openBrowser(t)
	const hostile = `</script><script>alert("x")</script><img src=http://example.org/x.png>`
	evil := sample([]style{{hostile, "", 0.9, 5, 100}, {`"]]>&'`, "", 1.1, 5, 0}}, 3, 1)
	for i := range evil {
		evil[i].Functions[0].Name = hostile
		evil[i].Notes = []string{hostile}
		evil[i].Workload = hostile
		evil[i].ColdCauses[hostile] = 3
		evil[i].ByKind[hostile] = 3
		evil[i].Environment.CPU = hostile
		evil[i].Troubles = []report.Trouble{{Kind: hostile, Count: 2, First: hostile}}
		evil[i].Process.Command = hostile
	}
	var twelve []style
	for i := range 12 {
		twelve = append(twelve, style{fmt.Sprintf("scheduler-with-a-long-name-%d", i), "", 0.5 + float64(i)/8, 4 + float64(i), 0})
	}
	long := sample(styles[:1], 1, 1)
	long[0].Functions[0].Name = strings.Repeat("unbreakable", 20)
	long[0].Scheduler = strings.Repeat("unbreakable", 20)
	for name, runs := range map[string][]report.ContestRun{
		"three": sample(styles, 15, 3), "one": sample(styles[:1], 15, 1), "twelve": sample(twelve, 15, 1),
		"many functions": sample(styles[:2], 200, 1), "nothing measured": {{Scheduler: "silent"}}, "hostile": evil, "long names": long,
	} {
		t.Run(name, func(t *testing.T) {
			for _, width := range []int64{1280, 400} {
				b.open(t, runs, width)
				if rows := evaluate[int](t, b, `document.querySelectorAll("#score-table tbody tr").length`); rows == 0 {
					t.Error("no rows of scores")
				}
				b.blameless(t)
			}
		})
	}
}

// TestBrowserFitsScores: on a usual screen nobody has to scroll for a figure of the ranking.
func TestBrowserFitsScores(t *testing.T) {
	b := openBrowser(t)
	b.open(t, sample(styles, 15, 3), 1400)
	const width = `((table) => table.scrollWidth + " of " + table.parentNode.clientWidth)(document.getElementById("score-table"))`
	if wide := evaluate[string](t, b, width); !fits(wide) {
		t.Errorf("the table of scores is wider than its place: %s px", wide)
	}
	b.blameless(t)
}

// The figures in the table are those of the JSON in the page, to the last digit shown.
func TestBrowserFiguresAreThoseOfTheJSON(t *testing.T) {
	b := openBrowser(t)
	runs := sample(styles, 15, 3)
	runs[0].Process, runs[1].Process, runs[2].Process = nil, nil, nil // figures that are not known
	runs[3].Main = nil                                                // in one repeat of three
	b.open(t, runs, 1280)
	var data struct{ Runs []map[string]any }
	if err := json.Unmarshal([]byte(evaluate[string](t, b, `document.getElementById("runs").textContent`)), &data); err != nil {
		t.Fatal(err)
	}
	if len(data.Runs) != len(runs) {
		t.Fatalf("%d runs in the page, %d were written", len(data.Runs), len(runs))
	}
	type shown struct{ Scheduler, Key, Text string }
	cells := evaluate[[]shown](t, b, `[...document.querySelectorAll("#score-table td[data-key]")].map((cell) => ({
		scheduler: cell.parentNode.dataset.scheduler, key: cell.dataset.key, text: cell.querySelector(".mean").innerText}))`)
	if want := 3 * len(figures); len(cells) != want {
		t.Fatalf("%d figures, want %d", len(cells), want)
	}
	for _, cell := range cells {
		mean := jsonMean(data.Runs, cell.Scheduler, cell.Key)
		if value, half := parseShown(t, cell.Text); !(math.Abs(value-mean) <= half || math.IsNaN(mean) && cell.Text == "–") {
			t.Errorf("%s of %s: the page says %s, the JSON %v", cell.Key, cell.Scheduler, cell.Text, mean)
		}
	}
	b.blameless(t)
}

// jsonMean is the mean over a scheduler's runs of what is at a key, if it's known; NaN without any.
func jsonMean(runs []map[string]any, scheduler, key string) float64 {
	sum, n := 0.0, 0
	for _, run := range runs {
		if run["scheduler"] != scheduler {
			continue
		}
		var at any = run
		for part := range strings.SplitSeq(key, ".") {
			object, _ := at.(map[string]any)
			at = object[part]
		}
		if v, known := at.(float64); known {
			sum += v
			n++
		}
	}
	return sum / float64(n)
}

// parseShown reads a figure back, in milliseconds where it has a unit of time,
// with half of its last digit.
func parseShown(t *testing.T, text string) (value, half float64) {
	t.Helper()
	if text == "–" {
		return math.NaN(), 0
	}
	number, unit, _ := strings.Cut(text, "\u00a0")
	number = strings.ReplaceAll(number, ",", "")
	value, err := strconv.ParseFloat(number, 64)
	if err != nil {
		t.Fatal(err)
	}
	_, decimals, _ := strings.Cut(number, ".")
	half = 0.5001 * math.Pow(10, -float64(len(decimals)))
	factor, known := map[string]float64{"": 1, "µs": 1e-3, "ms": 1, "s": 1e3}[unit]
	if !known {
		t.Fatalf("unit of %q", text)
	}
	return value * factor, half * factor
}

func TestBrowserActs(t *testing.T) {
	b := openBrowser(t)
	b.open(t, sample(styles, 15, 1), 1280)
	const point = `(selector, x, y) => { const e = document.querySelector(selector), box = e.getBoundingClientRect();
		e.dispatchEvent(new PointerEvent("pointermove", {clientX: box.left + x * box.width, clientY: box.top + y * box.height}));
		return document.getElementById("tip").innerText; }`
	for _, c := range []struct{ selector, at, want string }{
		{"svg.curves", "0.99, 0.5", "adaptive: 100 %"},
		{"svg.time", "0.5, 0.5", "after"},
		{"svg.heat", "0.5, 0.01", "hello-0"},
	} {
		if got := evaluate[string](t, b, fmt.Sprintf(`(%s)(%q, %s)`, point, c.selector, c.at)); !strings.Contains(got, c.want) {
			t.Errorf("pointing at %s shows %q, want %q", c.selector, got, c.want)
		}
	}
	if got := evaluate[string](t, b, `document.querySelector("svg.time .readout").textContent`); got != "6" {
		t.Errorf("nodes of the best scheduler in the middle: %q, want 6", got)
	}
	const curve = `document.querySelector("svg.curves path[data-run]").getAttribute("d")`
	before := evaluate[string](t, b, curve)
	drawn := evaluate[string](t, b, `document.getElementById("function").dispatchEvent(new Event("change")), `+curve)
	if before != drawn {
		t.Errorf("scripts draw another curve than the page has:\n%s\n%s", drawn, before)
	}
	evaluate[chromedp.Void](t, b, `document.querySelector("#function-table tbody tr:nth-child(2) a").click()`)
	if chosen := evaluate[string](t, b, `document.getElementById("function").value`); chosen != "thumbnail-1" || evaluate[string](t, b, curve) == before {
		t.Errorf("a click on the second function chose %q, or its curve is still that of all", chosen)
	}
	const first = `document.querySelector("#score-table tbody tr").dataset.scheduler`
	const sortBy = `document.querySelector("#score-table th:nth-child(3) button").click(), ` + first
	if best, worst := evaluate[string](t, b, sortBy), evaluate[string](t, b, sortBy); best != "adaptive" || worst != "first-fit.py" {
		t.Errorf("sorted by score %s is first, the other way %s", best, worst)
	}
	hidden := evaluate[bool](t, b, `document.querySelector("[data-toggle]").click(), document.querySelector("figure[data-entrant]").classList.contains("off")`)
	if !hidden {
		t.Error("a click on the first scheduler does not hide it")
	}
	b.blameless(t)
}
