package local

import (
	"fmt"
	"strings"

	"github.com/minifaas/minifaas/internal/process"
)

// markEnv names the variable by which the processes of a node are known, even
// when the ResourceManager died between starting one and writing it down.
const markEnv = "MINIFAAS_NODE"

func (p *Provider) mark(name string) string { return p.cfg.Dir + "/" + name }

// Sweep kills what carries the mark of this folder, but for the nodes that
// were adopted and their descendants.
func (p *Provider) Sweep() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	err := process.KillMarked(markEnv, func(value string) bool {
		name, ours := strings.CutPrefix(value, p.mark(""))
		_, adopted := p.live[name]
		return ours && !strings.Contains(name, "/") && !adopted
	})
	if err != nil {
		return fmt.Errorf("sweep nodes: %w", err)
	}
	return nil
}
