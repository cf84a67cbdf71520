package cold

import (
	"context"
	"errors"
	"fmt"
	"time"

	apiserverpb "github.com/minifaas/minifaas/proto/apiserver"
	nodeservicepb "github.com/minifaas/minifaas/proto/nodeservice"
	schedulerpb "github.com/minifaas/minifaas/proto/scheduler"
)

// WholeConfig says where whole calls of native functions go: client → APIServer →
// Scheduler → NodeService → function.
type WholeConfig struct {
	APIServer apiserverpb.APIServerClient
	Scheduler schedulerpb.SchedulerClient
	// Node is reserved, and nobody else's; Served is the one that the scheduler has.
	Node, Served nodeservicepb.NodeServiceClient
	// Starts are how many calls are measured, default 200.
	Starts   int
	Progress func(done, total int)
}

// WholeFunctions is how many functions get calls in turns: each is called anew when the
// scheduler has long heard that its last container is gone.
const WholeFunctions = 16

// Whole is what cold calls take as a whole, and what they are made of.
type Whole struct {
	// Container is a cold start on the node alone, Warm a whole call of a function
	// that has just been called, Cold one of a function without a container.
	Container, Warm, Cold Times
	Phases                Phases // of Cold
	// Failed calls are in no other figure; Failure is the first one's.
	Failed  int
	Failure string
	Partial bool
}

// Ratio is the median cold call by the medians of its two parts together: 1 means
// that the services' part of a cold call is that of a warm one.
func (w *Whole) Ratio() float64 { return ratio(w.Cold.P50(), w.Container.P50()+w.Warm.P50()) }

// MeasureWhole makes the measurement. When ctx ends the result is partial. The
// container of each call is removed at the node.
func MeasureWhole(ctx context.Context, cfg WholeConfig) (*Whole, error) {
	if cfg.Starts == 0 {
		cfg.Starts = 200
	}
	if cfg.Progress == nil {
		cfg.Progress = func(int, int) {}
	}
	w := &wholeCalls{WholeConfig: cfg, node: &node{NodeServiceClient: cfg.Node}, served: &node{NodeServiceClient: cfg.Served}}
	err := w.run(ctx)
	interrupted := ctx.Err() != nil
	if err != nil && !interrupted {
		return nil, fmt.Errorf("measure whole cold calls: %w", err)
	}
	var took []time.Duration
	for _, s := range w.cold {
		took = append(took, s.took)
	}
	return &Whole{
		Container: newTimes(w.container), Warm: newTimes(w.warm), Cold: newTimes(took), Phases: medians(w.cold),
		Failed: w.failed, Failure: w.failure, Partial: interrupted,
	}, nil
}

type wholeCalls struct {
	WholeConfig
	node, served *node
	record       // of failures
	container    []time.Duration
	warm         []time.Duration
	cold         []start
}

func (w *wholeCalls) run(ctx context.Context) error {
	stats, err := w.Served.GetStats(ctx, &nodeservicepb.GetStatsRequest{})
	if err != nil {
		return err
	}
	w.served.epoch = stats.GetEpoch()
	nothing := func(context.Context) error { return nil }
	for n := range WholeFunctions { // brings their code to both nodes
		if err := w.round(ctx, functionName(Native, n), nothing); err != nil {
			return err
		}
	}
	w.container, w.warm, w.cold, w.record = nil, nil, nil, record{}
	for round := range w.Starts {
		if err := w.round(ctx, functionName(Native, round%WholeFunctions), w.settle); err != nil {
			return err
		}
		w.Progress(round+1, w.Starts)
	}
	return nil
}

// round makes one container on the node alone, and then a cold and a warm call.
func (w *wholeCalls) round(ctx context.Context, function string, settle func(context.Context) error) error {
	if err := settle(ctx); err != nil {
		return err
	}
	s, err := w.node.start(ctx, function)
	if err := errors.Join(err, w.node.remove(ctx, s)); err != nil {
		return err
	}
	if err := settle(ctx); err != nil {
		return err
	}
	cold, err := w.call(ctx, function, true)
	if err == nil {
		var warm start
		if warm, err = w.call(ctx, function, false); err == nil {
			w.container, w.cold, w.warm = append(w.container, s.took), append(w.cold, cold), append(w.warm, warm.took)
		}
	}
	if err != nil && ctx.Err() == nil {
		w.fail(err)
	}
	return w.served.remove(ctx, cold)
}

func (w *wholeCalls) settle(ctx context.Context) error {
	if err := w.node.settle(ctx); err != nil {
		return err
	}
	return w.served.settle(ctx)
}

// call makes a whole call, which must be cold or warm as it says.
func (w *wholeCalls) call(ctx context.Context, function string, cold bool) (s start, err error) {
	begun := time.Now()
	reply, err := w.APIServer.InvokeFunction(ctx, &apiserverpb.InvokeFunctionRequest{FunctionName: function, Event: event})
	s.took = time.Since(begun)
	if err != nil {
		return s, fmt.Errorf("invoke %s: %w", function, err)
	}
	s.container, s.firstCall = reply.GetContainerId(), time.Duration(reply.GetDurationInNanos())
	if kind := reply.GetFunctionError(); kind != "" {
		return s, fmt.Errorf("invoke %s: %s: %s", function, kind, reply.GetFunctionErrorMessage())
	}
	if reply.GetColdStart() != cold {
		return s, fmt.Errorf("invoke %s: its cold start is %v, not %v", function, reply.GetColdStart(), cold)
	}
	if !cold {
		return s, nil
	}
	explained, err := w.Scheduler.Explain(ctx, &schedulerpb.ExplainRequest{RequestId: reply.GetRequestId()})
	if err != nil {
		return s, fmt.Errorf("explain %s: %w", function, err)
	}
	p := explained.GetColdStart()
	s.decide = time.Duration(p.GetDecideNanos())
	s.phases = &nodeservicepb.CreationPhases{
		WaitNanos: p.GetWaitNanos(), TakeNanos: p.GetTakeNanos(), MountNanos: p.GetMountNanos(),
		LimitNanos: p.GetLimitNanos(), ImportNanos: p.GetImportNanos(), Pooled: p.GetPooled(),
	}
	return s, nil
}
