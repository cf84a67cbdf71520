package local

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/minifaas/minifaas/internal/process"
)

type node struct {
	name    string
	address string
	port    int
	proc    *process.Process
	log     string
	done    chan struct{}
}

func (n *node) Address() string { return n.address }

func (n *node) Port() int { return n.port }

func (n *node) Handle() json.RawMessage {
	raw, _ := json.Marshal(handle{Identity: n.proc.ID(), Port: n.port}) // numbers always can be
	return raw
}

func (n *node) Done() <-chan struct{} { return n.done }

// Err is the exit status and the end of the log.
func (n *node) Err() error {
	select {
	case <-n.done:
	default:
		return nil
	}
	exit := n.proc.Err()
	if exit == nil {
		exit = errors.New("ended")
	}
	if tail := logTail(n.log); tail != "" {
		return fmt.Errorf("process %d: %w; its last words: %s", n.proc.ID().PID, exit, tail)
	}
	return fmt.Errorf("process %d: %w", n.proc.ID().PID, exit)
}

func (n *node) Stop(ctx context.Context) error {
	err := n.proc.Stop(ctx)
	<-n.done
	return err
}

func (n *node) Kill() { n.proc.Kill() }

// watch keeps the log short and returns when the process is dead.
func (n *node) watch() {
	const interval = 10 * time.Second
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		select {
		case <-n.proc.Done():
			return
		case <-tick.C:
			trimLog(n.log)
		}
	}
}
