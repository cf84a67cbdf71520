// Package htmlreport shows a contest as a page: one HTML file that needs nothing
// but a browser, no network either.
//
// The runs' JSON is in the page, in the element runs, as "bench contest -o json"
// prints it: every figure shown is computed from it, and others can read it back.
// What has one value a run is shown as the mean over a scheduler's repeats;
// what goes over time or calls is shown of one repeat, the one with the median score.
//
// Names of functions and words of schedulers come from strangers. They are
// escaped, control characters are made visible, and the page's own policy forbids
// any script but its own.
package htmlreport

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io"

	"github.com/minifaas/minifaas/bench/report"
)

//go:embed page.html.tmpl
var pageText string

//go:embed page.css
var pageStyle string

//go:embed picture.css
var pictureStyle string

//go:embed page.js
var pageScript string

var page = template.Must(template.New("page").Parse(pageText))

// Write writes the page of a contest: runs of any number of schedulers and
// repeats, all of one workload on one platform. It fails if there are none, or of several.
func Write(w io.Writer, runs []report.ContestRun) error {
	c, err := newContest(runs)
	if err != nil {
		return fmt.Errorf("write HTML report: %w", err)
	}
	// json.Marshal escapes what could end the element: <, > and &.
	data, err := json.Marshal(map[string]any{"runs": c.runs})
	if err != nil {
		return fmt.Errorf("write HTML report: %w", err)
	}
	sections, err := c.sections()
	if err != nil {
		return fmt.Errorf("write HTML report: %w", err)
	}
	hash := sha256.Sum256([]byte(pageScript))
	err = page.Execute(w, map[string]any{
		"Contest": c, "Sections": sections, "Scores": c.scoreTable(), "Functions": c.functionTable(),
		"Style": template.CSS(styleOfPage() + pictureStyle + pageStyle), "Script": template.JS(pageScript),
		"ScriptHash": base64.StdEncoding.EncodeToString(hash[:]),
		"Data":       template.JS(data),
	})
	if err != nil {
		return fmt.Errorf("write HTML report: %w", err)
	}
	return nil
}

// contest is what the page is about.
type contest struct {
	runs     []report.ContestRun
	entrants []*entrant // the best first
}

func newContest(runs []report.ContestRun) (*contest, error) {
	if len(runs) == 0 {
		return nil, errors.New("no runs")
	}
	for _, run := range runs {
		if run.Workload != runs[0].Workload || run.Platform != runs[0].Platform {
			return nil, fmt.Errorf("runs of %s on %s nodes and of %s on %s nodes can't be compared: write a report for each",
				runs[0].Workload, runs[0].Platform, run.Workload, run.Platform)
		}
	}
	runs, err := report.VisibleRuns(runs)
	if err != nil {
		return nil, err
	}
	return &contest{runs, newEntrants(runs)}, nil
}
