package containerservice

import (
	"fmt"
	"os"
	goruntime "runtime"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/minifaas/minifaas/containerservice/process"
	"github.com/minifaas/minifaas/containerservice/runtime"
	"github.com/minifaas/minifaas/internal/spawn"
)

// Main is the main of an agent with these runtimes beside those that every agent has.
func Main(more map[string]runtime.Starter) {
	if len(os.Args) > 1 && os.Args[1] == spawn.Argument {
		exit(spawn.Serve(os.NewFile(3, "orders")))
	}
	if name, err := unix.BytePtrFromString(os.Args[0]); err == nil { // it may have been started by a descriptor, and be called so
		_ = unix.Prctl(unix.PR_SET_NAME, uintptr(unsafe.Pointer(name)), 0, 0, 0)
	}
	goruntime.MemProfileRate = 0 // nobody would read the profile
	err := Run(Config{
		Spec:   os.NewFile(3, "sandbox spec"),
		Socket: os.NewFile(4, "node socket"),
		// For the agent's own tests, which run where no sandbox can.
		Jail:     os.Getenv("MINIFAAS_AGENT_JAIL") != "off",
		Runtimes: more,
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
