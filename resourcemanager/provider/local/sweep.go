package local

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/minifaas/minifaas/internal/process"
)

// markEnv names the variable by which the processes of a node are known, even
// when the ResourceManager died between starting one and writing it down.
const markEnv = "MINIFAAS_NODE"

func (p *Provider) mark(name string) string { return p.cfg.Dir + "/" + name }

// Sweep kills what carries the mark of this folder, but for the nodes that
// were adopted and their descendants.
func (p *Provider) Sweep() error {
	strays, err := p.strays()
	if err != nil {
		return fmt.Errorf("sweep nodes: %w", err)
	}
	for _, s := range strays {
		s.Kill()
	}
	const patience = 5 * time.Second
	timeout := time.After(patience)
	for _, s := range strays {
		select {
		case <-s.Done():
		case <-timeout:
			return fmt.Errorf("sweep nodes: process %d does not die", s.ID().PID)
		}
	}
	return nil
}

func (p *Provider) strays() ([]*process.Process, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	var strays []*process.Process
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil || pid == os.Getpid() {
			continue
		}
		id, err := process.Identify(pid)
		if err != nil {
			continue
		}
		name, marked := p.markedName(pid)
		if _, adopted := p.live[name]; !marked || adopted {
			continue
		}
		proc, err := process.Find(id)
		if errors.Is(err, process.ErrNotRunning) {
			continue
		}
		if err != nil {
			return nil, err
		}
		strays = append(strays, proc)
	}
	return strays, nil
}

// markedName returns the name of the node that a process belongs to. The
// processes of other users cannot be read, and are none of ours.
func (p *Provider) markedName(pid int) (string, bool) {
	environ, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/environ")
	if err != nil {
		return "", false
	}
	prefix := []byte(markEnv + "=" + p.mark(""))
	for v := range bytes.SplitSeq(environ, []byte{0}) {
		if name, ok := bytes.CutPrefix(v, prefix); ok && !strings.Contains(string(name), "/") {
			return string(name), true
		}
	}
	return "", false
}
