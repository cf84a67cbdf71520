package main

import (
	"context"
	"time"

	"github.com/minifaas/minifaas/internal/config"
	"github.com/minifaas/minifaas/internal/function"
	apiserverpb "github.com/minifaas/minifaas/proto/apiserver"
)

type functionsCommand struct {
	apiserverFlags
	clientFlags
	outputFlags
}

func (c *functionsCommand) Run(ctx context.Context, file *config.File) error {
	if err := check(file, c.validate()); err != nil {
		return err
	}
	conn, err := c.dial(c.Endpoint, apiserverPort)
	if err != nil {
		return err
	}
	defer conn.Close()
	ctx, cancel := c.context(ctx)
	defer cancel()
	reply, err := apiserverpb.NewAPIServerClient(conn).ListFunctions(ctx, &apiserverpb.ListFunctionsRequest{})
	if err != nil {
		return explain(err, conn)
	}
	if c.Output == "json" {
		return printJSON(declared(reply.GetFunctions()))
	}
	row, flush := table("FUNCTION\tVERSION\tRUNTIME\tHANDLER\tMEMORY\tTIMEOUT\tCONCURRENCY")
	for _, f := range reply.GetFunctions() {
		name := f.GetFunctionName()
		if f.GetAccountId() != function.DefaultAccount {
			name = f.GetAccountId() + "/" + name
		}
		concurrency := any("policy's")
		if f.GetConcurrency() > 0 {
			concurrency = f.GetConcurrency()
		}
		row("%s\t%s\t%s\t%s\t%v\t%v\t%v", name, f.GetVersion(), f.GetRuntime(), f.GetHandler(),
			function.Size(f.GetMemoryInBytes()), time.Duration(f.GetTimeoutInMs())*time.Millisecond, concurrency)
	}
	return flush()
}

// declaredFunction is what functions -o json prints of each.
type declaredFunction struct {
	Account     string `json:"account"`
	Name        string `json:"name"`
	Version     string `json:"version"`
	Runtime     string `json:"runtime"`
	Handler     string `json:"handler"`
	Memory      int64  `json:"memory_bytes"`
	TimeoutMS   int64  `json:"timeout_ms"`
	Concurrency int32  `json:"concurrency"`
}

func declared(functions []*apiserverpb.FunctionConfig) []declaredFunction {
	all := []declaredFunction{}
	for _, f := range functions {
		all = append(all, declaredFunction{
			f.GetAccountId(), f.GetFunctionName(), f.GetVersion(), f.GetRuntime(), f.GetHandler(),
			f.GetMemoryInBytes(), f.GetTimeoutInMs(), f.GetConcurrency(),
		})
	}
	return all
}
