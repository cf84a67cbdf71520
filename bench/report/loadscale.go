package report

import (
	"io"

	"github.com/minifaas/minifaas/bench/load"
)

// Scale writes how the engine's cost grows.
func Scale(w io.Writer, format Format, policy string, r *load.Scale) error {
	if format == JSON {
		return writeJSON(w, newScale(policy, r))
	}
	t := &table{groups: []group{{"", 3}, {"time of a call", 2}, {"", 1}}}
	t.add("functions", "nodes", "containers", "warm", "cold", "bytes/container")
	for _, p := range r.Points {
		t.add(count(p.Functions), count(p.Nodes), count(p.Containers), human(p.Warm), human(p.Cold), count(p.Memory))
	}
	p := &page{w: w}
	p.table(t)
	p.printf("\npolicy %s; the engine alone, without gRPC\n", policy)
	if r.Partial {
		p.printf("note: partial: interrupted\n")
	} else {
		p.printf("a function without containers takes %s bytes\n", count(r.IdleFunction))
	}
	return p.done()
}

type scale struct {
	Policy            string       `json:"policy"`
	Points            []scalePoint `json:"points"`
	IdleFunctionBytes int          `json:"idle_function_bytes"` // 0: not measured
	Partial           bool         `json:"partial"`
}

type scalePoint struct {
	Functions         int   `json:"functions"`
	Nodes             int   `json:"nodes"`
	Containers        int   `json:"containers"`
	WarmNS            int64 `json:"warm_ns"`
	ColdNS            int64 `json:"cold_ns"`
	BytesPerContainer int   `json:"bytes_per_container"`
}

func newScale(policy string, r *load.Scale) scale {
	s := scale{Policy: policy, Points: []scalePoint{}, IdleFunctionBytes: r.IdleFunction, Partial: r.Partial}
	for _, p := range r.Points {
		s.Points = append(s.Points, scalePoint{
			Functions: p.Functions, Nodes: p.Nodes, Containers: p.Containers,
			WarmNS: p.Warm.Nanoseconds(), ColdNS: p.Cold.Nanoseconds(), BytesPerContainer: p.Memory,
		})
	}
	return s
}
