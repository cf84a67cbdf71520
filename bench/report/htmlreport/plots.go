package htmlreport

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/minifaas/minifaas/bench/report"
	"github.com/minifaas/minifaas/bench/report/plot"
)

// Plots writes the main plots as SVG files on light ground into a folder, which it
// makes if need be: scores, response times, nodes over time. It returns their
// paths, and replaces files of these names.
func Plots(dir string, runs []report.ContestRun) ([]string, error) {
	c, err := newContest(runs)
	if err != nil {
		return nil, fmt.Errorf("write plots: %w", err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("write plots: %w", err)
	}
	cdf, _ := c.curves(false)
	var paths []string
	for _, file := range []struct {
		name, title string
		picture     *plot.Picture
		keys        []plot.Key
	}{
		{"scores.svg", "score 0.75 RT + 0.25 ND, less is better", c.scoreBars(), nil},
		{"response-times.svg", "share of calls done within", cdf, c.keys()},
		{"nodes.svg", "nodes over time", c.nodeLines(), c.keys()},
	} {
		path := filepath.Join(dir, file.name)
		title := c.Title() + ": " + file.title
		if c.Partial() {
			title += " (PARTIAL)"
		}
		svg := file.picture.File(title, styleOfFile(), file.keys)
		if err := os.WriteFile(path, []byte(svg), 0o644); err != nil {
			return paths, fmt.Errorf("write plots: %w", err)
		}
		paths = append(paths, path)
	}
	return paths, nil
}

// keys are the legend of curves.
func (c *contest) keys() []plot.Key {
	var keys []plot.Key
	for _, e := range c.entrants {
		keys = append(keys, plot.Key{Class: e.Look, Name: clip(e.Name, 24)})
	}
	return keys
}

// nodeLines are the nodes of all schedulers in one picture.
func (c *contest) nodeLines() *plot.Picture {
	x := c.timeScale(44, curvesWidth-16)
	y := plot.Scale{High: max(1, c.most(tracks[0])), From: curvesHeight - 30, To: 10}
	p := plot.New(curvesWidth, curvesHeight)
	p.Axes(plot.Axes{X: x, Y: y, XTicks: 8, YTicks: 6, XLabel: secondsLabel, YLabel: digits})
	for _, e := range c.entrants {
		p.Open(e.Look)
		p.Path("curve", overTime(floats(e.shown.Series.Nodes), e.shown.Series.StepSeconds, x, y, false))
		p.Close()
	}
	return p
}
