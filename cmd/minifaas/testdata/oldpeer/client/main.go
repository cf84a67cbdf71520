// Command client calls a platform as a program of 2016 would, and prints what
// it got as one JSON object.
//
//	client APISERVER SCHEDULER FUNCTION EVENT
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"time"

	"golang.org/x/net/context"
	"google.golang.org/grpc"

	"oldpeer/wire"
)

type result struct {
	Body         string   `json:"body"`
	RequestID    string   `json:"request_id"`
	Functions    []string `json:"functions"`
	UnknownCode  string   `json:"unknown_code"`
	Node         string   `json:"node"`
	ContainerID  string   `json:"container_id"`
	AcquiredNext string   `json:"acquired_next"`
}

func main() {
	if len(os.Args) != 5 {
		fmt.Fprintln(os.Stderr, "usage: client APISERVER SCHEDULER FUNCTION EVENT")
		os.Exit(2)
	}
	r, err := run(os.Args[1], os.Args[2], os.Args[3], os.Args[4])
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(r)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "client:", err)
		os.Exit(1)
	}
}

func run(apiserver, scheduler, function, event string) (*result, error) {
	api, err := dial(apiserver)
	if err != nil {
		return nil, err
	}
	sched, err := dial(scheduler)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()

	r := &result{}
	invoked, err := api.InvokeFunction(ctx, &wire.InvokeFunctionRequest{FunctionName: function, Event: []byte(event)})
	if err != nil {
		return nil, fmt.Errorf("invoke %s: %w", function, err)
	}
	r.Body, r.RequestID = string(invoked.Body), invoked.RequestId
	_, err = api.InvokeFunction(ctx, &wire.InvokeFunctionRequest{FunctionName: "nobody"})
	r.UnknownCode = grpc.Code(err).String()
	listed, err := api.ListFunctions(ctx, &wire.ListFunctionsRequest{})
	if err != nil {
		return nil, fmt.Errorf("list functions: %w", err)
	}
	var config wire.FunctionConfig
	for _, f := range listed.Functions {
		r.Functions = append(r.Functions, f.FunctionName)
		if f.FunctionName == function {
			config = wire.FunctionConfig{TimeoutInMs: f.TimeoutInMs, MemoryInBytes: f.MemoryInBytes, Handler: f.Handler}
		}
	}
	// Acquired, returned and acquired again, the container is the same.
	for i, id := range []*string{&r.ContainerID, &r.AcquiredNext} {
		request := fmt.Sprintf("old-%d", i)
		granted, err := sched.AcquireContainer(ctx, &wire.AcquireContainerRequest{RequestId: request, FunctionName: function, FunctionConfig: &config})
		if err != nil {
			return nil, fmt.Errorf("acquire container: %w", err)
		}
		*id = granted.ContainerId
		r.Node = fmt.Sprintf("%s:%d", granted.NodeAddress, granted.NodeServicePort)
		if _, err := sched.ReturnContainer(ctx, &wire.ReturnContainerRequest{
			RequestId: request, ContainerId: granted.ContainerId, DurationInNanos: int64(time.Millisecond), MaxMemoryUsageInBytes: 1 << 20,
		}); err != nil {
			return nil, fmt.Errorf("return container: %w", err)
		}
	}
	return r, nil
}

func dial(endpoint string) (wire.Client, error) {
	conn, err := grpc.Dial(endpoint, grpc.WithInsecure(), grpc.WithBlock(), grpc.WithTimeout(10*time.Second))
	if err != nil {
		return wire.Client{}, fmt.Errorf("dial %s: %w", endpoint, err)
	}
	return wire.Client{Conn: conn}, nil
}
