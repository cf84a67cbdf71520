// Package overhead measures what the platform adds to a call: a warm invocation
// set against one plain unary gRPC echo over loopback TCP between two processes,
// by one caller and by many, in the same run. On a shared machine neither figure says
// much alone; their ratio does, because blocks of both take turns and meet the same weather.
package overhead

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/minifaas/minifaas/bench/echo"
	apiserverpb "github.com/minifaas/minifaas/proto/apiserver"
)

// Config of a measurement.
type Config struct {
	// APIServer is host:port. It is dialled exactly as the echo server is.
	APIServer string
	// Account and Function are what is called with Event. The function must answer
	// fast; the platform's part is what is to be seen.
	Account, Function string
	Event             []byte
	// Rounds is how many blocks of each are measured, default 20, and Block how
	// many calls a block has, default 100. One more block of each goes before, as warm-up.
	Rounds, Block int
	// Callers make calls at once, default 64, in further blocks of crowdedBlock as many calls.
	Callers int
	// EchoServer is the command that runs the echo: see echo.Start.
	EchoServer []string
}

// Figures of one kind of call.
type Figures struct{ P50, P99 time.Duration }

// Result of a measurement.
type Result struct {
	Echo, Invoke Figures
	// Calls of each kind that were measured. An invocation that turned out cold is not.
	Calls int
	// Cold invocations of one caller among those made after the warm-up.
	Cold int
	// Crowd is what many callers got.
	Crowd Crowd
}

// Crowd is the rate at which so many callers get answers that ask again at once.
type Crowd struct {
	Callers int
	// Echo and Invoke are calls a second, medians over the rounds; Ratio is that of
	// invocations by echoes, the median of the rounds' own.
	Echo, Invoke, Ratio float64
	// Cold invocations are among them.
	Cold int
}

// Ratio is the median invocation by the median echo.
func (r Result) Ratio() float64 { return r.Invoke.P50.Seconds() / r.Echo.P50.Seconds() }

const (
	defaultRounds  = 20
	defaultBlock   = 100
	defaultCallers = 64
	crowdedBlock   = 10              // blocks of one caller
	callTimeout    = 2 * time.Minute // of the first, cold call; the contract lets it wait a minute
)

// Measure makes the measurement. A failed call ends it with an error.
func Measure(ctx context.Context, cfg Config) (*Result, error) {
	if err := cfg.complete(); err != nil {
		return nil, fmt.Errorf("measure overhead: %w", err)
	}
	server, err := echo.Start(ctx, cfg.EchoServer)
	if err != nil {
		return nil, fmt.Errorf("measure overhead: %w", err)
	}
	defer server.Stop()
	result, err := cfg.measure(ctx, server.Address)
	if err != nil {
		return nil, fmt.Errorf("measure overhead: %w", err)
	}
	return result, nil
}

func (c *Config) complete() error {
	if c.APIServer == "" || c.Function == "" {
		return errors.New("apiserver and function must be given")
	}
	if c.Rounds < 0 || c.Block < 0 || c.Callers < 0 {
		return errors.New("rounds, block and callers must not be negative")
	}
	if c.Rounds == 0 {
		c.Rounds = defaultRounds
	}
	if c.Block == 0 {
		c.Block = defaultBlock
	}
	if c.Callers == 0 {
		c.Callers = defaultCallers
	}
	return nil
}

func (c *Config) measure(ctx context.Context, echoAddress string) (*Result, error) {
	plain, err := dial(echoAddress)
	if err != nil {
		return nil, err
	}
	defer plain.Close()
	apiserver, err := dial(c.APIServer)
	if err != nil {
		return nil, err
	}
	defer apiserver.Close()

	result := &Result{}
	var echoes, invocations []time.Duration
	var rounds []rates
	request := &apiserverpb.InvokeFunctionRequest{AccountId: c.Account, FunctionName: c.Function, Event: c.Event}
	for round := range c.Rounds + 1 {
		took, _, err := block(ctx, plain.client, request, c.Block)
		if err != nil {
			return nil, fmt.Errorf("echo: %w", err)
		}
		warm, cold, err := block(ctx, apiserver.client, request, c.Block)
		if err != nil {
			return nil, fmt.Errorf("invoke %s: %w", c.Function, err)
		}
		crowd, coldOnes, err := c.crowds(ctx, plain.client, apiserver.client, request)
		if err != nil {
			return nil, err
		}
		if round == 0 {
			continue // warm-up
		}
		rounds = append(rounds, crowd)
		result.Crowd.Cold += coldOnes
		echoes, invocations = append(echoes, took...), append(invocations, warm...)
		result.Cold += cold
	}
	if len(invocations) == 0 {
		return nil, fmt.Errorf("invoke %s: all %d calls were cold starts", c.Function, result.Cold)
	}
	result.Calls = len(invocations)
	result.Echo, result.Invoke = figures(echoes), figures(invocations)
	result.Crowd.summarise(c.Callers, rounds)
	return result, nil
}

type connection struct {
	*grpc.ClientConn
	client apiserverpb.APIServerClient
}

func dial(address string) (connection, error) {
	conn, err := grpc.NewClient("passthrough:///"+address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return connection{}, fmt.Errorf("dial %s: %w", address, err)
	}
	return connection{conn, apiserverpb.NewAPIServerClient(conn)}, nil
}

// block makes so many calls, one after the other. It tells how long each warm
// one took, and how many were cold.
func block(ctx context.Context, client apiserverpb.APIServerClient, request *apiserverpb.InvokeFunctionRequest, calls int) ([]time.Duration, int, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	warm, cold := make([]time.Duration, 0, calls), 0
	for range calls {
		start := time.Now()
		reply, err := client.InvokeFunction(ctx, request)
		took := time.Since(start)
		if err != nil {
			return nil, 0, err
		}
		if kind := reply.GetFunctionError(); kind != "" {
			return nil, 0, fmt.Errorf("%s: %s", kind, reply.GetFunctionErrorMessage())
		}
		if reply.GetColdStart() {
			cold++
			continue
		}
		warm = append(warm, took)
	}
	return warm, cold, nil
}

func figures(took []time.Duration) Figures {
	slices.Sort(took)
	return Figures{P50: took[len(took)/2], P99: took[len(took)*99/100]}
}
