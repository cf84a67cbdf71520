// Command scheduler is a scheduler as the contest knew them, on the grpc of its
// time: it reserves a node at its start and another when none has room, makes a
// container when none is idle, sends one call at a time to each, and asks every
// node 50 times a second how it is.
//
// SERVICE_PORT is where it listens (0 for any free port; the first line of its
// output says which) and RESOURCE_MANAGER_ENDPOINT where its nodes come from.
// When it is told to end it prints its counts as one JSON object.
package main

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"google.golang.org/grpc"

	"oldpeer/wire"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "scheduler:", err)
		os.Exit(1)
	}
}

func run() error {
	lis, err := net.Listen("tcp", "127.0.0.1:"+os.Getenv("SERVICE_PORT"))
	if err != nil {
		return err
	}
	fmt.Println(lis.Addr())
	s := newScheduler()
	server := grpc.NewServer()
	wire.RegisterSchedulerServer(server, s)
	served := make(chan error, 1)
	go func() { served <- server.Serve(lis) }()

	resourceManager, err := dial(os.Getenv("RESOURCE_MANAGER_ENDPOINT"))
	if err != nil {
		return err
	}
	if err := s.begin(resourceManager); err != nil {
		return err
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	select {
	case err := <-served:
		return err
	case <-stop:
		s.drain()
		return json.NewEncoder(os.Stdout).Encode(s.counted())
	}
}

func dial(endpoint string) (wire.Client, error) {
	conn, err := grpc.Dial(endpoint, grpc.WithInsecure(), grpc.WithBlock(), grpc.WithTimeout(30*time.Second))
	if err != nil {
		return wire.Client{}, fmt.Errorf("dial %q: %w", endpoint, err)
	}
	return wire.Client{Conn: conn}, nil
}
