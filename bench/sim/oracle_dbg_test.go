package sim

import (
	"fmt"
	"github.com/minifaas/minifaas/bench/trace"
	"github.com/minifaas/minifaas/scheduler/engine"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

func TestDbg(t *testing.T) {
	w, err := trace.Open(filepath.Join(os.Getenv("MINIFAAS_TRACES"), "azure-2019/"+os.Getenv("TR")), trace.Options{})
	if err != nil {
		t.Fatal(err)
	}
	x, _ := strconv.ParseFloat(os.Getenv("FX"), 64)
	p := Memory(w, int64(x*BusyMemory(w)), 1)
	t0 := time.Now()
	o := NewOracle(OracleConfig{Workload: w, Platform: p, Declared: 1})
	fmt.Println("planned in", time.Since(t0))
	for i := range o.plans {
		for j, c := range o.foreseen[i].calls {
			if o.plans[i].starts[j]-c.arrives >= time.Minute {
				fmt.Println("PLANREF", w.Functions[i].Name, j, c)
			}
		}
	}
	type key struct {
		f int
		n int
	}
	idx := map[engine.Ticket]key{}
	cnt := map[string]int{}
	n := 0
	r := run(t, Config{Workload: w, Policy: o, Platform: p, Declared: 1, Seed: 1, Observe: func(now engine.Instant, ev *engine.Event, as []engine.Action) {
		if ev.Kind == engine.Acquire {
			i := o.byName[ev.Function.Name]
			idx[ev.Ticket] = key{i, cnt[ev.Function.Name]}
			cnt[ev.Function.Name]++
		}
		for _, a := range as {
			k := idx[a.Ticket]
			if a.Kind == engine.Grant {
				if d := time.Duration(now) - o.plans[k.f].starts[k.n]; (d > 5*time.Millisecond || d < -5*time.Millisecond) && n < 20 {
					n++
					fmt.Println("LATE", d, time.Duration(now), w.Functions[k.f].Name, k.n, o.foreseen[k.f].calls[k.n], o.plans[k.f].starts[k.n], o.foreseen[k.f].cold)
					pl := o.plans[k.f]
					for k := range pl.at {
						if pl.at[k] > time.Duration(now)-10*time.Second && pl.at[k] < time.Duration(now)+3*time.Second {
							fmt.Print(" ", pl.at[k], ":", pl.want[k])
						}
					}
					fmt.Println()
				}
			}
			if a.Kind == engine.Refuse {
				fmt.Println("REF", time.Duration(now), w.Functions[k.f].Name, k.n, o.foreseen[k.f].calls[k.n], a.Message, o.foreseen[k.f].cold, o.foreseen[k.f].memory>>20)
			}
		}
	}})
	fmt.Println(r.Total.MeanSlowdown, r.NormalizedMemory, .75*r.Total.MeanSlowdown+.25*r.NormalizedMemory, r.Failures)
}
