package main

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/minifaas/minifaas/internal/config"
	"github.com/minifaas/minifaas/internal/function"
	schedulerpb "github.com/minifaas/minifaas/proto/scheduler"
)

type statusCommand struct {
	schedulerFlags
	clientFlags
	outputFlags
	SchedulerPort int `aliases:"port" env:"SERVICE_PORT" help:"Port of the Scheduler on this machine; 0 takes the one above --port-base."`
}

// statusResult is what status -o json prints.
type statusResult struct {
	Policy    string           `json:"policy"`
	Epoch     int64            `json:"epoch"`
	Nodes     []statusNode     `json:"nodes"`
	Functions []statusFunction `json:"functions"`
	Counters  map[string]int64 `json:"counters"`
}

type statusNode struct {
	ID         string            `json:"id"`
	Address    string            `json:"address"`
	State      string            `json:"state"`
	Capacity   int64             `json:"capacity_bytes"`
	Reserved   int64             `json:"reserved_bytes"`
	Containers []statusContainer `json:"containers"`
}

type statusContainer struct {
	ID       string `json:"id"`
	Function string `json:"function"`
	State    string `json:"state"`
	InFlight int32  `json:"in_flight"`
	Memory   int64  `json:"memory_bytes"`
	Idle     int64  `json:"idle_ns"`
}

type statusFunction struct {
	Name       string `json:"name"`
	Queue      int32  `json:"queue_depth"`
	InFlight   int32  `json:"in_flight"`
	Containers int32  `json:"containers"`
	Creating   int32  `json:"creating"`
}

func (c *statusCommand) Run(ctx context.Context, file *config.File) error {
	if err := check(file, c.validate()); err != nil {
		return err
	}
	if c.SchedulerEndpoint == "" && c.SchedulerPort != 0 {
		c.SchedulerEndpoint = net.JoinHostPort("127.0.0.1", strconv.Itoa(c.SchedulerPort))
	}
	conn, err := c.dial(c.SchedulerEndpoint, schedulerPort)
	if err != nil {
		return err
	}
	defer conn.Close()
	ctx, cancel := c.context(ctx)
	defer cancel()
	reply, err := schedulerpb.NewSchedulerClient(conn).GetStatus(ctx, &schedulerpb.GetStatusRequest{})
	if err != nil {
		return explain(err, conn)
	}
	if c.Output == "json" {
		return printJSON(newStatusResult(reply))
	}
	return printStatus(reply)
}

func newStatusResult(reply *schedulerpb.GetStatusReply) statusResult {
	r := statusResult{Policy: reply.GetPolicy(), Epoch: reply.GetEpoch(), Nodes: []statusNode{}, Functions: []statusFunction{}, Counters: counters(reply.GetCounters())}
	for _, n := range reply.GetNodes() {
		node := statusNode{
			ID: n.GetNodeId(), Address: fmt.Sprintf("%s:%d", n.GetAddress(), n.GetPort()), State: n.GetState(),
			Capacity: n.GetCapacityInBytes(), Reserved: n.GetReservedInBytes(), Containers: []statusContainer{},
		}
		for _, c := range n.GetContainers() {
			node.Containers = append(node.Containers, statusContainer{
				c.GetContainerId(), c.GetFunctionName(), c.GetState(), c.GetInFlight(), c.GetMemoryInBytes(), c.GetIdleNanos(),
			})
		}
		r.Nodes = append(r.Nodes, node)
	}
	for _, f := range reply.GetFunctions() {
		r.Functions = append(r.Functions, statusFunction{f.GetFunctionName(), f.GetQueueDepth(), f.GetInFlight(), f.GetContainers(), f.GetCreating()})
	}
	return r
}

func counters(c *schedulerpb.Counters) map[string]int64 {
	return map[string]int64{
		"acquired": c.GetAcquired(), "refused": c.GetRefused(), "canceled": c.GetCanceled(), "returned": c.GetReturned(),
		"cold_starts": c.GetColdStarts(), "leases_active": c.GetLeasesActive(), "leases_expired": c.GetLeasesExpired(),
		"containers_created": c.GetContainersCreated(), "containers_failed": c.GetContainersFailed(),
		"containers_lost": c.GetContainersLost(), "containers_removed": c.GetContainersRemoved(),
		"nodes_reserved": c.GetNodesReserved(), "nodes_released": c.GetNodesReleased(), "nodes_lost": c.GetNodesLost(),
	}
}

func printStatus(reply *schedulerpb.GetStatusReply) error {
	n := reply.GetCounters()
	fmt.Printf("policy %s; %d calls in flight; %d granted (%d cold), %d refused, %d canceled\n\n",
		reply.GetPolicy(), n.GetLeasesActive(), n.GetAcquired(), n.GetColdStarts(), n.GetRefused(), n.GetCanceled())
	row, flush := table("NODE\tADDRESS\tSTATE\tRESERVED\tCAPACITY\tCONTAINERS")
	for _, n := range reply.GetNodes() {
		row("%s\t%s:%d\t%s\t%v\t%v\t%d", n.GetNodeId(), n.GetAddress(), n.GetPort(), n.GetState(),
			function.Size(n.GetReservedInBytes()), function.Size(n.GetCapacityInBytes()), len(n.GetContainers()))
	}
	if err := flush(); err != nil {
		return err
	}
	fmt.Println()
	row, flush = table("FUNCTION\tWAITING\tIN FLIGHT\tCONTAINERS\tCREATING")
	for _, f := range reply.GetFunctions() {
		row("%s\t%d\t%d\t%d\t%d", f.GetFunctionName(), f.GetQueueDepth(), f.GetInFlight(), f.GetContainers(), f.GetCreating())
	}
	if err := flush(); err != nil {
		return err
	}
	fmt.Println()
	row, flush = table("CONTAINER\tNODE\tFUNCTION\tSTATE\tIN FLIGHT\tMEMORY\tIDLE FOR")
	for _, n := range reply.GetNodes() {
		for _, c := range n.GetContainers() {
			row("%s\t%s\t%s\t%s\t%d\t%v\t%v", c.GetContainerId(), n.GetNodeId(), c.GetFunctionName(), c.GetState(), c.GetInFlight(),
				function.Size(c.GetMemoryInBytes()), time.Duration(c.GetIdleNanos()).Round(time.Millisecond))
		}
	}
	return flush()
}
