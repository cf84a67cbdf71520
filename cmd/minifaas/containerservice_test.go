package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/minifaas/minifaas/internal/rpc"
	containerservicepb "github.com/minifaas/minifaas/proto/containerservice"
	containerservicegrpc "github.com/minifaas/minifaas/proto/containerservice/service"
)

// TestContainerServiceAlone loads and calls a function by gRPC, which reads its own code and no
// other file, and ends with the command.
func TestContainerServiceAlone(t *testing.T) {
	needPrograms(t)
	folder, code := t.TempDir(), t.TempDir()
	secret := filepath.Join(folder, "secret")
	for path, text := range map[string]string{
		secret:                         "secret",
		filepath.Join(code, "main.sh"): "#!/bin/sh\nif cat " + secret + " 2>/dev/null; then echo read; else echo hello; fi\n",
	} {
		if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	ports, err := takePortBase()
	if err != nil {
		t.Fatal(err)
	}
	defer ports.release()
	command := exec.CommandContext(t.Context(), "/proc/self/exe", "containerservice", "--code", code, "--port-base", strconv.Itoa(ports.base))
	command.Env = append(os.Environ(), "TMPDIR="+folder)
	var said bytes.Buffer
	command.Stderr = &said
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	conn, err := rpc.Dial("127.0.0.1:" + strconv.Itoa(ports.base+containerservicePort))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	agent := containerservicegrpc.NewContainerServiceClient(conn)
	invoke := &containerservicepb.InvokeRequest{RequestId: "r", Event: []byte("{}")}
	if _, err := agent.Invoke(t.Context(), invoke, grpc.WaitForReady(true)); status.Code(err) != codes.FailedPrecondition {
		t.Errorf("before a function is loaded: %v\n%s", err, &said)
	}
	loaded, err := agent.Load(t.Context(), &containerservicepb.LoadRequest{Runtime: "binary", Handler: "main.sh", CodeDir: code})
	if err != nil || loaded.GetError() != nil {
		t.Fatalf("%v, %v", loaded.GetError(), err)
	}
	if reply, err := agent.Invoke(t.Context(), invoke); err != nil || string(reply.GetBody()) != "hello\n" {
		t.Errorf("%q, %v, %v", reply.GetBody(), reply.GetError(), err)
	}
	if err := command.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("%v\n%s", err, &said)
		}
	case <-time.After(20 * time.Second):
		t.Error("it does not end")
	}
	if left, _ := filepath.Glob(filepath.Join(folder, "minifaas-*")); left != nil {
		t.Errorf("%v is left", left)
	}
}
