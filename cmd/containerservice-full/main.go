// Command containerservice-full is containerservice with all runtimes: the agent in
// containers of the runtimes custom and wasm.
//
//go:debug containermaxprocs=0
//go:debug updatemaxprocs=0
package main

import (
	"github.com/minifaas/minifaas/containerservice"
	"github.com/minifaas/minifaas/containerservice/runtime"
	"github.com/minifaas/minifaas/containerservice/runtime/custom"
	"github.com/minifaas/minifaas/containerservice/runtime/wasm"
)

func main() {
	containerservice.Main(map[string]runtime.Starter{
		"custom":       custom.Start,
		"wasm":         wasm.Start,
		"wasm-compile": wasm.Compile,
	})
}
