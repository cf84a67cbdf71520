package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/minifaas/minifaas/internal/config"
	"github.com/minifaas/minifaas/internal/function"
	"github.com/minifaas/minifaas/internal/rpc"
	apiserverpb "github.com/minifaas/minifaas/proto/apiserver"
)

type invokeCommand struct {
	apiserverFlags
	clientFlags
	outputFlags
	Function string `arg:"" help:"name, name@version, account/name or account/name@version."`
	Event    string `arg:"" optional:"" default:"{}" help:"The event: text, @FILE, or - for standard input."`
	Account  string `help:"Account that calls; empty is the default one."`
	Log      bool   `short:"l" help:"Print the function's output and timings to stderr, too."`
}

// Help is printed below the flags.
func (*invokeCommand) Help() string {
	return `The function's result goes to stdout. When the function fails, its log and
error go to stderr and the exit code is 1.

  minifaas invoke hello '{"name": "world"}'
  minifaas invoke resize @picture.jpg > small.jpg`
}

func (c *invokeCommand) Run(ctx context.Context, file *config.File) error {
	if err := check(file, c.validate()); err != nil {
		return err
	}
	event, err := c.event()
	if err != nil {
		return err
	}
	conn, err := c.dial(c.Endpoint, apiserverPort)
	if err != nil {
		return err
	}
	defer conn.Close()
	ctx, cancel := c.context(ctx)
	defer cancel()
	var said metadata.MD
	reply, err := apiserverpb.NewAPIServerClient(conn).InvokeFunction(ctx, &apiserverpb.InvokeFunctionRequest{
		AccountId: c.Account, FunctionName: c.Function, Event: event,
	}, grpc.Trailer(&said))
	if len(said) > 0 && status.Code(err) == codes.Unavailable {
		return fmt.Errorf("%s: %s", codes.Unavailable, status.Convert(err).Message()) // it did answer: what is behind it did not
	}
	if err != nil {
		return explain(err, conn)
	}
	return c.print(reply)
}

func (c *invokeCommand) event() ([]byte, error) {
	if name, isFile := strings.CutPrefix(c.Event, "@"); isFile {
		file, err := os.Open(name)
		if err != nil {
			return nil, fmt.Errorf("read event: %w", err)
		}
		defer file.Close()
		return readEvent(file)
	}
	if c.Event == "-" {
		return readEvent(os.Stdin)
	}
	return []byte(c.Event), nil
}

// readEvent says what the APIServer would, of a message that is too large to reach it.
func readEvent(from io.Reader) ([]byte, error) {
	event, err := io.ReadAll(io.LimitReader(from, rpc.MaxEvent+1))
	if err != nil {
		return nil, fmt.Errorf("read event: %w", err)
	}
	if len(event) > rpc.MaxEvent {
		return nil, fmt.Errorf("read event: it has more than %v, which is the limit", function.Size(rpc.MaxEvent))
	}
	return event, nil
}

func (c *invokeCommand) print(reply *apiserverpb.InvokeFunctionReply) error {
	failed := reply.GetFunctionError() != ""
	if c.Output == "json" {
		if err := printJSON(invokeResult(reply)); err != nil {
			return err
		}
	} else if !failed {
		body := reply.GetBody()
		if isTerminal(os.Stdout) && !bytes.HasSuffix(body, []byte("\n")) {
			body = append(body, '\n') // for the prompt; a file gets the result's own bytes
		}
		if _, err := os.Stdout.Write(body); err != nil {
			return fmt.Errorf("write result: %w", err)
		}
	}
	if c.Log || failed && c.Output != "json" {
		if log := strings.TrimRight(reply.GetFunctionLog(), "\n"); log != "" {
			fmt.Fprintln(os.Stderr, log)
		}
		start := "warm"
		if reply.GetColdStart() {
			start = "cold"
		}
		fmt.Fprintf(os.Stderr, "request %s: %s start, scheduled in %v, ran %v, peak memory %v\n", reply.GetRequestId(), start,
			time.Duration(reply.GetScheduleLatencyInNanos()).Round(time.Microsecond),
			time.Duration(reply.GetDurationInNanos()).Round(time.Microsecond),
			function.Size(reply.GetMaxMemoryUsageInBytes()>>20<<20))
	}
	if !failed {
		return nil
	}
	if c.Output != "json" {
		fmt.Fprintf(os.Stderr, "%s: %s\n", reply.GetFunctionError(), reply.GetFunctionErrorMessage())
	}
	return errReported
}

// invokeResult is what invoke -o json prints.
func invokeResult(reply *apiserverpb.InvokeFunctionReply) any {
	text, other := string(reply.GetBody()), []byte(nil)
	if !utf8.ValidString(text) {
		text, other = "", reply.GetBody()
	}
	return struct {
		RequestID            string `json:"request_id"`
		Body                 string `json:"body"`
		BodyBase64           []byte `json:"body_base64,omitempty"` // where it is not text
		FunctionError        string `json:"function_error"`
		FunctionErrorMessage string `json:"function_error_message"`
		FunctionLog          string `json:"function_log"`
		ColdStart            bool   `json:"cold_start"`
		ScheduleLatencyNanos int64  `json:"schedule_latency_ns"`
		DurationNanos        int64  `json:"duration_ns"`
		MaxMemoryBytes       int64  `json:"max_memory_bytes"`
	}{
		reply.GetRequestId(), text, other, reply.GetFunctionError(), reply.GetFunctionErrorMessage(), reply.GetFunctionLog(),
		reply.GetColdStart(), reply.GetScheduleLatencyInNanos(), reply.GetDurationInNanos(), reply.GetMaxMemoryUsageInBytes(),
	}
}

func isTerminal(file *os.File) bool {
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
