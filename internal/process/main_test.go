package process_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/minifaas/minifaas/internal/process"
)

// The test binary plays the parts of the processes that are started: the
// variable says which.
const roleEnv = "PROCESS_TEST_ROLE"

func TestMain(m *testing.M) {
	// The race detector makes each process linger for a second at its end.
	_ = os.Setenv("GORACE", "atexit_sleep_ms=0")
	switch role := os.Getenv(roleEnv); role {
	case "":
		os.Exit(m.Run())
	case "sleeper": // ends by SIGTERM with status 7
		term := make(chan os.Signal, 1)
		signal.Notify(term, unix.SIGTERM)
		fmt.Println("ready", os.Getpid())
		<-term
		os.Exit(7)
	case "stubborn": // ignores SIGTERM
		signal.Ignore(unix.SIGTERM)
		fmt.Println("ready", os.Getpid())
		select {}
	case "parent": // leaves a sleeper behind, in a group of its own, with the lifeline if there is one
		line, err := process.InheritedLifeline()
		check(err)
		cmd := play("descendant")
		cmd.Stdout = os.Stdout
		line.Attach(cmd)
		_, err = process.Start(cmd)
		check(err)
		<-line.Broken()
		os.Exit(0)
	case "descendant":
		line, err := process.InheritedLifeline()
		check(err)
		fmt.Println("ready", os.Getpid())
		<-line.Broken()
		os.Exit(0)
	case "guard":
		check(process.ServeGuard(os.Stdin))
	case "guarded": // starts the shell's line of its argument under a guard, and waits to be killed
		check(guarded(os.Args[1]))
	case "reaper": // collects what a parent leaves behind, while it waits for children of its own
		check(reaper())
	default:
		panic("unknown role " + role)
	}
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func play(role string) *exec.Cmd {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), roleEnv+"="+role)
	cmd.Stderr = os.Stderr
	return cmd
}

// start starts the role and returns it with the pid of the line "ready PID",
// which is its own or a descendant's.
func start(t *testing.T, cmd *exec.Cmd) (p *process.Process, ready int) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	cmd.Stdout = w
	p, err = process.Start(cmd)
	_ = w.Close()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Kill(); <-p.Done() })
	line, err := bufio.NewReader(r).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Sscanf(strings.TrimSpace(line), "ready %d", &ready); err != nil {
		t.Fatalf("line %q: %v", line, err)
	}
	return p, ready
}

func dead(t *testing.T, p *process.Process, within time.Duration) {
	t.Helper()
	select {
	case <-p.Done():
	case <-time.After(within):
		t.Fatalf("process %d still runs after %v", p.ID().PID, within)
	}
}

func deadline(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}
