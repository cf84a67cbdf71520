package load

import (
	"context"
	"fmt"
	"net/http"
	"slices"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// processMetrics are a platform's /metrics, in which a label tells whose each figure is.
type processMetrics map[string]*dto.MetricFamily

func readMetrics(ctx context.Context, url string) (processMetrics, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, fmt.Errorf("read metrics: %w", err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, fmt.Errorf("read metrics: %w", err)
	}
	defer response.Body.Close()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(response.Body)
	if err != nil {
		return nil, fmt.Errorf("read metrics: %w", err)
	}
	return families, nil
}

// gauge is 0 where there is none of that process.
func (m processMetrics) gauge(name, process string) float64 {
	for _, metric := range m[name].GetMetric() {
		if processOf(metric) == process {
			return metric.GetGauge().GetValue()
		}
	}
	return 0
}

// processes are those that have the metric, in order of their names.
func (m processMetrics) processes(name string) []string {
	var all []string
	for _, metric := range m[name].GetMetric() {
		all = append(all, processOf(metric))
	}
	slices.Sort(all)
	return all
}

func processOf(metric *dto.Metric) string {
	for _, label := range metric.GetLabel() {
		if label.GetName() == "process" {
			return label.GetValue()
		}
	}
	return ""
}

// gcPercent is the GOGC of the platform's scheduler; 0 where there are no metrics. It is
// asked for when all is measured, also if ctx is over.
func gcPercent(ctx context.Context, url string) int {
	if url == "" {
		return 0
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), statusTimeout)
	defer cancel()
	m, _ := readMetrics(ctx, url)
	return int(m.gauge("go_gc_gogc_percent", "scheduler"))
}
