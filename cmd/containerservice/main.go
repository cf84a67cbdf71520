// Command containerservice is the agent in a container's sandbox. A node starts
// it with a SandboxSpec to be read from descriptor 3 and a connected stream
// socket as descriptor 4; it shuts itself in, and serves ContainerService on the
// socket until the node closes it. With the argument "spawner" it starts processes for the
// node instead: agents, and what else needs a sandbox's namespaces.
//
// There is one in each container, idle mostly, so that it does without what it can:
// the Go runtime is not to follow changes of its CPU quota, for which it would keep
// files of the cgroup open.
//
//go:debug containermaxprocs=0
//go:debug updatemaxprocs=0
package main

import (
	"fmt"
	"os"
	"runtime"

	"github.com/minifaas/minifaas/containerservice"
	"github.com/minifaas/minifaas/containerservice/process"
	"github.com/minifaas/minifaas/internal/spawn"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == spawn.Argument {
		exit(spawn.Serve(os.NewFile(3, "orders")))
	}
	runtime.MemProfileRate = 0 // nobody would read the profile
	err := containerservice.Run(containerservice.Config{
		Spec:   os.NewFile(3, "sandbox spec"),
		Socket: os.NewFile(4, "node socket"),
		// For the agent's own tests, which run where no sandbox can.
		Jail: os.Getenv("MINIFAAS_AGENT_JAIL") != "off",
	})
	process.KillAll()
	exit(err)
}

func exit(err error) {
	if err != nil {
		fmt.Fprintf(os.Stderr, "containerservice: %v\n", err)
		os.Exit(1)
	}
	os.Exit(0)
}
