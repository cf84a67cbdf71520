package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"time"

	"go.uber.org/zap"

	"github.com/minifaas/minifaas/internal/function"
	"github.com/minifaas/minifaas/internal/nodemodel"
	"github.com/minifaas/minifaas/internal/rpc"
	"github.com/minifaas/minifaas/nodeservice"
	"github.com/minifaas/minifaas/nodeservice/sandbox/simulated"
	nodeservicepb "github.com/minifaas/minifaas/proto/nodeservice"
	"github.com/minifaas/minifaas/resourcemanager/provider"
	simulatednodes "github.com/minifaas/minifaas/resourcemanager/provider/simulated"
)

// maxSimulatedNodes is how many nodes one ResourceManager may simulate: each
// takes a port and a few open files.
const maxSimulatedNodes = 1000

// simulatedNodeSilence is for how long a simulated node may answer nothing. It
// hangs when this process does, so to ask it every second would be a waste.
const simulatedNodeSilence = 10 * time.Minute

// mostNodes is the most that --max-nodes may be.
func (f *sandboxFlags) mostNodes() int {
	if f.Simulated {
		return maxSimulatedNodes
	}
	return maxNodePorts
}

// validateModel reports the faults of the flags of simulated nodes.
func (f *sandboxFlags) validateModel() error {
	if !f.Simulated {
		if f.CreateTime != 0 || f.scale() != 1 || f.speed() != 1 {
			return errors.New("--create-scale, --create-time and --time-scale are of simulated nodes: want --simulated with them")
		}
		return nil
	}
	var faults []error
	if !(f.CreateScale > 0 && f.CreateScale <= 1000) {
		faults = append(faults, fmt.Errorf("--create-scale %v: want above 0, to 1000", f.CreateScale))
	}
	if f.CreateTime < 0 {
		faults = append(faults, fmt.Errorf("--create-time %v: want 0 (the model's) or more", f.CreateTime))
	}
	if f.CreateTime > 0 && f.CreateScale != 1 {
		faults = append(faults, errors.New("--create-time and --create-scale: want one of them"))
	}
	if !(f.TimeScale >= 0.01 && f.TimeScale <= 1000) {
		faults = append(faults, fmt.Errorf("--time-scale %v: want 0.01 to 1000", f.TimeScale))
	}
	return errors.Join(faults...)
}

// scale and speed are those that are meant where the flags were not parsed.
func (f *sandboxFlags) scale() float64 { return orOne(f.CreateScale) }
func (f *sandboxFlags) speed() float64 { return orOne(f.TimeScale) }

func orOne(v float64) float64 {
	if v == 0 {
		return 1
	}
	return v
}

// scaled is the time by the clock of what takes d in the model.
func (f *sandboxFlags) scaled(d time.Duration) time.Duration {
	return time.Duration(math.Round(float64(d) / f.speed()))
}

// model is what a simulated node does. The system takes an eighth of its memory,
// as on the reference node.
func (f *sandboxFlags) model() simulated.Config {
	creation := nodemodel.Reference(f.scale())
	if f.CreateTime > 0 {
		creation.Delay, creation.CPU = f.CreateTime, 0
	}
	return simulated.Config{
		Config:   nodemodel.Config{CPU: f.NodeCPU, Memory: int64(f.NodeMemory), SystemMemory: int64(f.NodeMemory) / 8},
		Creation: creation,
		Speed:    f.speed(),
	}
}

// simulatedNodes provides nodes that run in this process.
func (f *sandboxFlags) simulatedNodes(listen, advertise string, log *zap.Logger) (provider.Provider, error) {
	functions, err := function.Load(f.Functions)
	if err != nil {
		return nil, err
	}
	return simulatednodes.New(simulatednodes.Config{Listen: listen, Address: advertise, New: func(name string) (simulatednodes.Server, error) {
		runtime, err := simulated.New(f.model())
		if err != nil {
			return nil, err
		}
		log := log.Named(name)
		node := nodeservice.New(f.node(functions, runtime, log))
		// Without metrics: those of hundreds of nodes would be of no use to anybody.
		server := rpc.NewServer(rpc.ServerConfig{Log: log, Unpinged: true})
		nodeservicepb.RegisterNodeServiceServer(server, node)
		return simulatedNode{server, node}, nil
	}})
}

// simulatedNode is one node of this process.
type simulatedNode struct {
	*rpc.Server
	node *nodeservice.Server
}

func (n simulatedNode) Serve(ctx context.Context, lis net.Listener) error {
	return errors.Join(n.Server.Serve(ctx, lis), n.node.Close())
}
