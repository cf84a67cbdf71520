package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/minifaas/minifaas/nodeservice/sandbox/linux"
	"github.com/minifaas/minifaas/resourcemanager"
)

// stage is where a command that brings a platform of its own lets it play: a
// folder, free ports, and a log that is only shown when something fails.
type stage struct {
	folder string
	lock   *os.File // of the folder
	logs   logFlags
	log    *os.File
	ports  *portBase // nil before the first platform
	// isolation is what the containers of the last platform got.
	isolation linux.Isolation
	// simulated: the nodes of the last platform were.
	simulated bool
}

func newStage(logs *logFlags, keepLogs string) (*stage, error) {
	if err := sweepStages(os.TempDir()); err != nil {
		fmt.Fprintf(os.Stderr, "minifaas: remove what a command that was killed has left: %v\n", err)
	}
	folder, lock, err := makeStageFolder(os.TempDir())
	if err != nil {
		return nil, err
	}
	s := &stage{folder: folder, lock: lock, logs: *logs}
	if keepLogs == "" {
		keepLogs = filepath.Join(folder, "services.log")
	}
	if s.log, err = os.OpenFile(keepLogs, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o644); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

func (s *stage) functions() string { return filepath.Join(s.folder, "functions") }

func (s *stage) stateDir() string { return stageState(s.folder) }

func (s *stage) cgroupParent() string { return filepath.Base(s.folder) }

// close removes the stage, and lets others have its ports.
func (s *stage) close() error {
	if s.ports != nil {
		s.ports.release()
	}
	if s.log != nil {
		s.log.Close()
	}
	return errors.Join(os.RemoveAll(s.folder), s.lock.Close())
}

// portBase is that of the stage's platforms, which come one after the other. Where
// something that the last one played to still listens there it is another.
func (s *stage) portBase() (int, error) {
	if s.ports != nil && !portsFree(s.ports.base) {
		s.ports.release()
		s.ports = nil
	}
	if s.ports == nil {
		var err error
		if s.ports, err = takePortBase(); err != nil {
			return 0, err
		}
	}
	return s.ports.base, nil
}

// platform starts one on free ports, unless cfg has a base, with the default sizes of nodes unless it has their memory. The
// one before it must be stopped. When it fails the error has the end of the services' log.
func (s *stage) platform(ctx context.Context, cfg platformConfig) (*platform, error) {
	var err error
	if cfg.portBase == 0 {
		if cfg.portBase, err = s.portBase(); err != nil {
			return nil, err
		}
	}
	log, err := s.logs.logger("platform")
	if err != nil {
		return nil, err
	}
	cfg.address, cfg.logs, cfg.log, cfg.output = "127.0.0.1", s.logs, log, s.log
	cfg.sandbox.StateDir, cfg.sandbox.CgroupParent = s.stateDir(), s.cgroupParent()
	cfg.sandbox.NodeMemory, cfg.sandbox.NodeCPU = cmp.Or(cfg.sandbox.NodeMemory, defaultNodeMemory), defaultNodeCPU
	p, err := startPlatform(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("%w\n%s", err, s.tail())
	}
	s.isolation, s.simulated = p.isolation, cfg.sandbox.Simulated
	return p, nil
}

// tail is the last that the services logged.
func (s *stage) tail() []byte {
	const most = 4096
	size, err := s.log.Seek(0, io.SeekEnd)
	if err != nil {
		return nil
	}
	text := make([]byte, min(size, most))
	n, _ := s.log.ReadAt(text, size-int64(len(text)))
	return bytes.TrimSpace(text[:n])
}

// conditions says what a reader of figures must know of the machine.
func (s *stage) conditions(nodes int) []string {
	if s.simulated {
		return []string{"the nodes are simulated: the services are real, what calls and containers take is a model's"}
	}
	var notes []string
	if s.isolation == linux.Process {
		notes = append(notes, "containers are not shut in by namespaces: this host does not allow them to this user")
	}
	if os.Geteuid() != 0 {
		notes = append(notes, "run without root: memory and CPU limits hold only as far as the host delegates cgroups")
	}
	if nominal := resourcemanager.Nominal(nodes, defaultNodeCPU*1000, defaultNodeMemory); nominal != "" {
		notes = append(notes, fmt.Sprintf("%d nodes are %s", nodes, nominal))
	}
	return notes
}
