// Command containerservice is the agent in a container's sandbox. A node starts
// it with a SandboxSpec to be read from descriptor 3 and a connected stream
// socket as descriptor 4; it shuts itself in, and answers the node's calls on the
// socket until the node closes it. With the argument "spawner" it starts processes for the
// node instead: agents, and what else needs a sandbox's namespaces.
//
// There is one in each container, idle mostly, so that it does without what it can. The
// runtimes custom and wasm are not in it, which bring a web server and a compiler: those
// would be half of its start (see containerservice-full). The Go runtime is not to follow
// changes of its CPU quota, for which it would keep files of the cgroup open.
//
//go:debug containermaxprocs=0
//go:debug updatemaxprocs=0
package main

import "github.com/minifaas/minifaas/containerservice"

func main() { containerservice.Main(nil) }
