package sim
import ("testing";"fmt";"time";"github.com/minifaas/minifaas/scheduler/engine"
"github.com/minifaas/minifaas/bench/trace")
func TestDbg(t *testing.T){
	w, _ := trace.Open("/work/shared/workloads/azure-2019/small.csv", trace.Options{})
	pf:=limited(w, 1.2)
	cfg := withOracle(w, pf, 1, false)
		o := cfg.Policy.(*Oracle)
		tot:=0.0; n:=0
		for i,p:=range o.plans{ if len(p.comes)!=len(o.foreseen[i].calls){fmt.Println("DROPS")}; for k:=range p.comes{ c:=&o.foreseen[i].calls[k]; d:=p.starts[k]-p.comes[k]; if d>=time.Minute{ tot+=max(1,float64(time.Minute)/float64(c.takes))}else{tot+=1+c.slowdown(d)}; n++}}
		fmt.Println("planned mean slowdown",tot/float64(n))
		type pl struct{f int; at, a time.Duration;n int}
		planned, arrived := map[engine.Ticket]pl{}, make([]int, len(w.Functions))
		k:=0;mine:=map[engine.Name]bool{}
		cfg.Observe = func(now engine.Instant, ev *engine.Event, actions []engine.Action) {
			if ev.Kind == engine.Acquire {
				f := o.names[ev.Function.Name]
				planned[ev.Ticket] = pl{f,o.plans[f].starts[arrived[f]],time.Duration(now),arrived[f]}
				arrived[f]++
			}
			for _,a:=range actions { p:=planned[a.Ticket]; _=p
			 if now>500e9&&now<512e9 { if a.Function!=nil&&a.Function.Name=="f0099"{mine[a.Name]=true; fmt.Println("  create",time.Duration(now),ev.Kind,a.Name)}; if a.Kind==engine.RemoveContainer&&mine[a.Name]{fmt.Println("  remove",time.Duration(now),ev.Kind,a.Name)}; if a.Kind==engine.Grant&&w.Functions[p.f].Name=="f0099"{fmt.Println("  grant",time.Duration(now),p)}}}
			for i := range actions {
				if a := &actions[i]; a.Kind == engine.Grant {
					p:=planned[a.Ticket]
					if off := (time.Duration(now) - p.at); off.Abs() > 10*tick &&k<1{
						k++
						fmt.Println(off,time.Duration(now),w.Functions[p.f].Name,p,o.foreseen[p.f].calls[p.n],o.foreseen[p.f].cold)
						q:=o.plans[p.f]
						for k:=range q.at{ if q.at[k]>time.Duration(now)-2*time.Second&&q.at[k]<p.at+2*time.Second{fmt.Print(" ",q.at[k],":",q.want[k])}}
						fmt.Println()
						for k:=range q.comes{ if q.comes[k]>p.a-2*time.Second&&q.comes[k]<p.at+2*time.Second{fmt.Print(" ",q.comes[k]," ",q.starts[k]-q.comes[k]," ",o.foreseen[p.f].calls[k].takes,";")}}
						fmt.Println()
					}
				}
				if a := &actions[i]; a.Kind == engine.Refuse { p:=planned[a.Ticket]; if p.at-p.a<time.Minute{fmt.Println("REFUSED",w.Functions[p.f].Name,p,o.foreseen[p.f].calls[p.n])}}
			}
		}
	for i,p:=range o.plans{ if w.Functions[i].Name=="f0099"{ for k:=range p.at{fmt.Print(" ",p.at[k],":",p.want[k])};fmt.Println(); for k:=range p.comes{fmt.Print(" ",p.comes[k],"+",p.starts[k]-p.comes[k],"/",o.foreseen[i].calls[k].takes)};fmt.Println()}}
	r:=run(t,cfg)
	fmt.Println(r.Total.MeanSlowdown)
}
