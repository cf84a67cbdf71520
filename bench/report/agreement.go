package report

import (
	"errors"

	"io"
	"strconv"

	"github.com/minifaas/minifaas/bench/replay"
	"github.com/minifaas/minifaas/bench/sim"
)

// Agreement is the JSON of one run that was played live and simulated.
type Agreement struct {
	Policy string `json:"policy"`
	Seed   uint64 `json:"seed"`
	// JournalSteps of the live run, in each of which a replayed engine acted alike.
	JournalSteps int           `json:"journal_steps"`
	Live         AgreementSide `json:"live"`
	Simulated    AgreementSide `json:"simulated"`
	// Agrees: cold starts within 10 % or 3, and node time within 10 %.
	Agrees bool `json:"agrees"`
}

// AgreementSide is one side of an Agreement.
type AgreementSide struct {
	Calls         int     `json:"calls"`
	Failures      int     `json:"failures"`
	ColdStarts    int     `json:"cold_starts"`
	NodeSeconds   float64 `json:"node_seconds"`
	ScheduleP50MS float64 `json:"schedule_p50_ms"`
	ScheduleP99MS float64 `json:"schedule_p99_ms"`
	ResponseP50MS float64 `json:"response_p50_ms"`
	ResponseP99MS float64 `json:"response_p99_ms"`
	LateP99MS     float64 `json:"late_p99_ms"` // of the sender; 0 simulated
	PeakNodes     int     `json:"peak_nodes"`
}

const (
	agreedShare = 0.1
	agreedCold  = 3
)

// NewAgreement compares a whole live run with its simulation.
func NewAgreement(policy string, seed uint64, steps int, live *replay.Result, simulated *sim.Result) (Agreement, error) {
	if live.Partial || simulated.Partial {
		return Agreement{}, errors.New("it was interrupted")
	}
	if live.Nodes == nil {
		return Agreement{}, errors.New("there are no node figures")
	}
	a := Agreement{
		Policy: policy, Seed: seed, JournalSteps: steps,
		Live: AgreementSide{
			Calls: live.Total.Calls, Failures: live.Total.Failures, ColdStarts: live.Total.ColdStarts,
			NodeSeconds: live.Nodes.Time.Seconds(), PeakNodes: live.Nodes.Peak,
			ScheduleP50MS: millis(live.Total.Schedule.P50), ScheduleP99MS: millis(live.Total.Schedule.P99),
			ResponseP50MS: millis(live.Total.Response.P50), ResponseP99MS: millis(live.Total.Response.P99),
			LateP99MS: millis(live.Lateness.P99),
		},
		Simulated: AgreementSide{
			Calls: simulated.Total.Calls, Failures: simulated.Total.Failures, ColdStarts: simulated.Total.ColdStarts,
			NodeSeconds: simulated.NodeTime.Seconds(), PeakNodes: simulated.PeakNodes,
			ScheduleP50MS: millis(simulated.Total.Schedule.P50), ScheduleP99MS: millis(simulated.Total.Schedule.P99),
			ResponseP50MS: millis(simulated.Total.Response.P50), ResponseP99MS: millis(simulated.Total.Response.P99),
		},
	}
	a.Agrees = agreed(float64(a.Simulated.ColdStarts), float64(a.Live.ColdStarts), agreedCold) &&
		agreed(a.Simulated.NodeSeconds, a.Live.NodeSeconds, 0)
	return a, nil
}

// agreed reports whether v is off by no more than the agreed share, or by slack.
func agreed(v, from, slack float64) bool {
	off := max(v-from, from-v)
	return off <= slack || off <= agreedShare*from
}

// Agreements writes comparisons of live runs with their simulations.
func Agreements(w io.Writer, format Format, all []Agreement, notes []string) error {
	if format == JSON {
		return writeJSON(w, struct {
			Runs  []Agreement `json:"runs"`
			Notes []string    `json:"notes,omitempty"`
		}{all, notes})
	}
	p := &page{w: w}
	t := &table{groups: []group{{"", 1}, {"", 1}, {"", 1}, {"cold starts", 3}, {"node-seconds", 3}, {"response p50", 2}, {"journal", 1}, {"", 1}}}
	t.add("policy", "seed", "calls", "live", "sim", "off", "live", "sim", "off", "live", "sim", "steps", "agrees")
	for _, a := range all {
		t.add(a.Policy, strconv.FormatUint(a.Seed, 10), count(a.Live.Calls),
			count(a.Live.ColdStarts), count(a.Simulated.ColdStarts), off(by(float64(a.Simulated.ColdStarts), float64(a.Live.ColdStarts))),
			digits(a.Live.NodeSeconds), digits(a.Simulated.NodeSeconds), off(by(a.Simulated.NodeSeconds, a.Live.NodeSeconds)),
			digits(a.Live.ResponseP50MS)+"ms", digits(a.Simulated.ResponseP50MS)+"ms", count(a.JournalSteps), yesNo(a.Agrees))
	}
	p.table(t)
	p.notes(notes)
	return p.done()
}

func yesNo(v bool) string {
	if v {
		return "yes"
	}
	return "no"
}
