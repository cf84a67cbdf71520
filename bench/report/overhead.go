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
		}{us(r.Echo.P50), us(r.Invoke.P50), r.Ratio(), us(r.Echo.P99), us(r.Invoke.P99), r.Calls, r.Cold})
	}
	t := &table{}
	t.add("one caller", "p50", "p99")
	t.add("gRPC echo over loopback", human(r.Echo.P50), human(r.Echo.P99))
	t.add("warm invocation", human(r.Invoke.P50), human(r.Invoke.P99))
	p := &page{w: w}
	p.table(t)
	p.printf("\n%s calls: a warm invocation takes %.2f × one echo\n", count(r.Calls), r.Ratio())
	if r.Cold > 0 {
		p.printf("note: %s invocations were cold and are not counted\n", count(r.Cold))
	}
	return p.done()
}
