package htmlreport

import (
	"encoding/json"
	"html/template"

	"github.com/minifaas/minifaas/bench/report/plot"
)

// sections are the pictures of the page.
type sections struct {
	Scores, CDF, Tail, Cold, CPU, RSS template.HTML

	Timelines, Heats []panel
	Causes           []cause
	HeatKeys         []heatKey
	// Bests is for scripts: in JSON, each function's name and then its best median in ms.
	Bests string
	// HasCurves and HasProcesses tell whether any was measured.
	HasCurves, HasProcesses bool
}

// panel is an entrant's part of a section.
type panel struct {
	Entrant  *entrant
	Pictures []template.HTML
}

func (c *contest) sections() (sections, error) {
	s := sections{Causes: c.causes(), HeatKeys: heatLegend()}
	s.Scores = picture(c.scoreBars(), "plot bars", "Scores of all schedulers, the best first")
	s.Cold = picture(c.coldBars(), "plot bars", "Cold starts of all schedulers by cause")
	s.CPU = picture(c.processBars(cpuSeconds, "s"), "plot bars", "CPU time of the schedulers' processes")
	s.RSS = picture(c.processBars(peakMemory, "MB"), "plot bars", "Peak memory of the schedulers' processes")
	cdf, attrs := c.curves(false)
	s.CDF = picture(cdf, "plot curves", "Share of calls that had ended after a time, by scheduler", attrs...)
	tail, attrs := c.curves(true)
	s.Tail = picture(tail, "plot curves", "Share of calls that took longer than a time, by scheduler", attrs...)

	rows := c.functions()
	for i, e := range c.entrants {
		s.HasCurves = s.HasCurves || len(e.shown.Response) > 0
		s.HasProcesses = s.HasProcesses || e.shown.Process != nil
		if pictures := c.timelines(e); len(pictures) > 0 {
			s.Timelines = append(s.Timelines, panel{e, pictures})
		}
		if heat, drawn := c.heat(i, rows); drawn {
			s.Heats = append(s.Heats, panel{e, []template.HTML{heat}})
		}
	}
	bests := make([]any, 0, 2*len(rows))
	for _, row := range rows {
		bests = append(bests, row.Name, row.best)
	}
	text, err := json.Marshal(bests)
	s.Bests = string(text)
	return s, err
}

// picture is a drawing as a part of the page: plot escapes what is strangers'.
func picture(p *plot.Picture, class, label string, attrs ...plot.Attr) template.HTML {
	return template.HTML(p.SVG(class, label, attrs...))
}
