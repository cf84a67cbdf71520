package report

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/minifaas/minifaas/bench/replay"
	"github.com/minifaas/minifaas/bench/shadow"
	"github.com/minifaas/minifaas/bench/sim"
)

func shadowReport() *shadow.Report {
	since := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	return &shadow.Report{
		Since: since, Until: since.Add(90 * time.Second), Dropped: 3, Missed: 1,
		Runs: []shadow.Run{
			{Policy: "ttl-600", Kind: shadow.Live, Calls: 1234, ColdStarts: 40, MeanSlowdown: 2, P99Slowdown: 8, NodeTime: 80 * time.Second, MemoryTime: 200 << 30},
			{Policy: "ttl-600", Kind: shadow.Control, Calls: 1234, ColdStarts: 38, MeanSlowdown: 1.9, P99Slowdown: 8, NodeTime: 82 * time.Second, MemoryTime: 200 << 30},
			{Policy: "baseline", Kind: shadow.Shadow, Calls: 20, Failures: 2, Problem: "it broke"},
		},
	}
}

func TestShadowTable(t *testing.T) {
	var out strings.Builder
	if err := Shadow(&out, Table, shadowReport()); err != nil {
		t.Fatal(err)
	}
	want := `1m30s from 2026-01-02 03:04:05 to 03:05:35: 1,234 calls

                               cold    slowdown    node-  memory  to live:
policy        run  failures  starts  mean   p99  seconds   GiB-s      cold  slowdown  nodes  memory
ttl-600      live         0      40  2.00  8.00     80.0     200     1.000     1.000  1.000   1.000
ttl-600   control         0      38  1.90  8.00     82.0     200     0.950     0.950  1.025   1.000
baseline   shadow         2       0  0.00  0.00     0.00    0.00     0.000     0.000  0.000   0.000

trust: the control is ttl-600 simulated; it is off the live figures by -5.0 % in cold starts, -5.0 % in slowdown,
+2.5 % in nodes and +0.0 % in memory. What a shadow differs by less than that means nothing.
baseline has stopped: it broke
3 calls are in no run: they came too fast, or nothing is known of what they would have done
1 events were missed: the live figures of nodes and memory are not to be trusted
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("table (-want +got):\n%s", diff)
	}
}

func TestShadowJSON(t *testing.T) {
	var out strings.Builder
	if err := Shadow(&out, JSON, shadowReport()); err != nil {
		t.Fatal(err)
	}
	var got ShadowReport
	if err := json.Unmarshal([]byte(out.String()), &got); err != nil {
		t.Fatal(err)
	}
	if r := got.Runs[1]; r.MemoryGiBSeconds != 200 || *r.ColdStartRatio != 0.95 || *r.NodeRatio != 1.025 {
		t.Errorf("control: %+v", r)
	}
	nothing := shadow.Report{Runs: []shadow.Run{{Policy: "baseline", Kind: shadow.Live}}}
	out.Reset()
	if err := Shadow(&out, JSON, &nothing); err != nil || !strings.Contains(out.String(), `"cold_start_ratio": null`) {
		t.Errorf("%v: a ratio to nothing is not null: %s", err, out.String())
	}
}

func TestAgreement(t *testing.T) {
	live := &replay.Result{Total: replay.Summary{Calls: 500, ColdStarts: 20}, Nodes: &replay.NodeUsage{Time: 100 * time.Second, Peak: 3}}
	for _, c := range []struct {
		cold  int
		nodes time.Duration
		want  bool
	}{
		{20, 100 * time.Second, true}, {23, 110 * time.Second, true}, {17, 90 * time.Second, true},
		{24, 100 * time.Second, false}, {16, 100 * time.Second, false}, {20, 111 * time.Second, false}, {20, 89 * time.Second, false},
	} {
		a, err := NewAgreement("baseline", 1, 1000, live, &sim.Result{Total: sim.Summary{Calls: 500, ColdStarts: c.cold}, NodeTime: c.nodes})
		if err != nil || a.Agrees != c.want {
			t.Errorf("%d cold starts and %v agree with 20 and 100s: %v, %v; want %v", c.cold, c.nodes, a.Agrees, err, c.want)
		}
	}
	if _, err := NewAgreement("baseline", 1, 0, &replay.Result{Partial: true}, &sim.Result{}); err == nil {
		t.Error("a run that was interrupted is compared")
	}
	if _, err := NewAgreement("baseline", 1, 0, &replay.Result{}, &sim.Result{}); err == nil {
		t.Error("a run without node figures is compared")
	}
}

func TestAgreementTable(t *testing.T) {
	side := AgreementSide{Calls: 500, ColdStarts: 20, NodeSeconds: 100, ResponseP50MS: 12.5}
	other := side
	other.ColdStarts, other.NodeSeconds = 22, 99
	var out strings.Builder
	if err := Agreements(&out, Table, []Agreement{{Policy: "ttl-600", Seed: 1, JournalSteps: 1500, Live: side, Simulated: other, Agrees: true}}, []string{"2 cores"}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"ttl-600     1    500    20   22  +10.0 %   100  99.0  -1.0 %  12.5ms  12.5ms    1,500     yes", "note: 2 cores"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
}
