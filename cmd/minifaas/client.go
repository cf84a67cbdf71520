package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"text/tabwriter"
	"time"

	"google.golang.org/grpc"

	"github.com/minifaas/minifaas/internal/rpc"
)

// serviceFlags say where the platform is that a command talks to.
type serviceFlags struct {
	PortBase int `default:"10000" help:"Where the ports of the platform on this machine begin."`
}

// apiserverFlags and schedulerFlags say which of its services. Their names differ: one
// setting must not lead to both.
type apiserverFlags struct {
	Endpoint string `placeholder:"HOST:PORT" help:"APIServer to talk to; by default the one on this machine."`
}

type schedulerFlags struct {
	SchedulerEndpoint string `aliases:"endpoint" placeholder:"HOST:PORT" help:"Scheduler to talk to; by default the one on this machine. --endpoint is the same."`
}

// clientFlags are of a command that asks a service one thing.
type clientFlags struct {
	serviceFlags
	Timeout time.Duration `default:"70s" help:"Longest time to wait for the answer."`
}

// dial connects to the endpoint, or to the local service offset above the port base.
func (f serviceFlags) dial(endpoint string, offset int) (*grpc.ClientConn, error) {
	if endpoint == "" {
		endpoint = net.JoinHostPort("127.0.0.1", strconv.Itoa(f.PortBase+offset))
	}
	return rpc.DialPatiently(endpoint)
}

func (f serviceFlags) validate() error {
	return validPort("port-base", f.PortBase, 1, 65535-metricsPort)
}

func (f clientFlags) validate() error {
	var timeout error
	if f.Timeout <= 0 {
		timeout = fmt.Errorf("--timeout %v: want more than 0", f.Timeout)
	}
	return errors.Join(f.serviceFlags.validate(), timeout)
}

func (f clientFlags) context(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, f.Timeout)
}

// outputFlags say how figures are printed.
type outputFlags struct {
	Output string `short:"o" default:"table" enum:"table,json" help:"How to print: ${enum}."`
}

// printJSON writes v to stdout for a machine.
func printJSON(v any) error {
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetIndent("", "  ")
	return encoder.Encode(v)
}

// table writes aligned columns to stdout; call flush at the end.
func table(header string) (row func(format string, args ...any), flush func() error) {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, header)
	return func(format string, args ...any) { fmt.Fprintf(w, format+"\n", args...) }, w.Flush
}
