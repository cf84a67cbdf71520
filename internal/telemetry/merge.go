package telemetry

import (
	"context"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// Merged gathers the metrics of every process that serves them on a unix socket
// PROCESS.sock in one folder, and tells them apart by the label "process".
// Processes that do not answer are left out.
type Merged string

// Gather implements prometheus.Gatherer.
func (folder Merged) Gather() ([]*dto.MetricFamily, error) {
	sockets, err := filepath.Glob(filepath.Join(string(folder), "*.sock"))
	if err != nil {
		return nil, err
	}
	var (
		mu       sync.Mutex // guards families
		families = map[string]*dto.MetricFamily{}
		scrapes  sync.WaitGroup
	)
	for _, socket := range sockets {
		scrapes.Go(func() {
			scraped, err := scrape(socket)
			if err != nil {
				return
			}
			process := strings.TrimSuffix(filepath.Base(socket), ".sock")
			mu.Lock()
			defer mu.Unlock()
			for name, family := range scraped {
				merge(families, name, family, process)
			}
		})
	}
	scrapes.Wait()
	merged := make([]*dto.MetricFamily, 0, len(families))
	for _, family := range families {
		merged = append(merged, family)
	}
	return merged, nil
}

func scrape(socket string) (map[string]*dto.MetricFamily, error) {
	client := http.Client{
		Timeout: 2 * time.Second,
		Transport: &http.Transport{
			DisableKeepAlives: true,
			DialContext:       func(ctx context.Context, _, _ string) (net.Conn, error) { return dialUnix(ctx, socket) },
		},
	}
	response, err := client.Get("http://process/metrics")
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	return parser.TextToMetricFamilies(response.Body)
}

func merge(into map[string]*dto.MetricFamily, name string, family *dto.MetricFamily, process string) {
	label := "process"
	for _, metric := range family.Metric {
		metric.Label = append(metric.Label, &dto.LabelPair{Name: &label, Value: &process})
	}
	if have, ok := into[name]; ok {
		have.Metric = append(have.Metric, family.Metric...)
		return
	}
	into[name] = family
}
