package report

import (
	"io"
	"time"

	"github.com/minifaas/minifaas/bench/overhead"
)

// Overhead writes what the platform adds to a call.
func Overhead(w io.Writer, format Format, r *overhead.Result) error {
	us := func(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }
	if format == JSON {
		return writeJSON(w, struct {
			EchoP50US   float64 `json:"echo_p50_us"`
			InvokeP50US float64 `json:"invoke_p50_us"`
			Ratio       float64 `json:"ratio"`
			EchoP99US   float64 `json:"echo_p99_us"`
			InvokeP99US float64 `json:"invoke_p99_us"`
			Calls       int     `json:"calls"`
			Cold        int     `json:"cold"` // invocations left out because they were cold
			// Of many callers at once: calls a second.
			Callers         int     `json:"callers"`
			EchoesPerS      float64 `json:"echoes_per_s"`
			InvocationsPerS float64 `json:"invocations_per_s"`
			ThroughputRatio float64 `json:"throughput_ratio"`
		}{
			us(r.Echo.P50), us(r.Invoke.P50), r.Ratio(), us(r.Echo.P99), us(r.Invoke.P99), r.Calls, r.Cold,
			r.Crowd.Callers, r.Crowd.Echo, r.Crowd.Invoke, r.Crowd.Ratio,
		})
	}
	t := &table{}
	t.add("one caller", "p50", "p99")
	t.add("gRPC echo over loopback", human(r.Echo.P50), human(r.Echo.P99))
	t.add("warm invocation", human(r.Invoke.P50), human(r.Invoke.P99))
	p := &page{w: w}
	p.table(t)
	p.printf("\n%s: a warm invocation takes %.2f × one echo\n", plural(r.Calls, "call"), r.Ratio())
	p.printf("%s callers at once: %s invocations a second, %.2f × the %s echoes\n",
		count(r.Crowd.Callers), count(int(r.Crowd.Invoke)), r.Crowd.Ratio, count(int(r.Crowd.Echo)))
	if r.Cold > 0 {
		p.printf("note: %s invocations were cold; their times are left out\n", count(r.Cold))
	}
	return p.done()
}
