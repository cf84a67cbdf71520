package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"

	"go.uber.org/zap"
	"golang.org/x/sys/unix"
)

// probePorts finds out early, and says in one message, which ports are taken.
func (p *platform) probePorts() error {
	lis, err := net.Listen("tcp", net.JoinHostPort(p.cfg.address, "0"))
	if err != nil {
		return fmt.Errorf("--address %s: %w; want an address of this machine, such as 127.0.0.1", p.cfg.address, err)
	}
	lis.Close()
	var faults []error
	for _, svc := range append(slices.Clone(p.services), platformService{name: "metrics", offset: metricsPort}) {
		lis, err := net.Listen("tcp", net.JoinHostPort(p.cfg.address, strconv.Itoa(p.cfg.portBase+svc.offset)))
		if err != nil {
			faults = append(faults, fmt.Errorf("%s: %w", svc.name, err))
			continue
		}
		lis.Close()
	}
	switch err := errors.Join(faults...); {
	case errors.Is(err, unix.EADDRINUSE):
		return fmt.Errorf("%w\nis another platform running? stop it, or choose other ports with --port-base", err)
	case err != nil:
		return fmt.Errorf("%w\nwant ports (--port-base) on which this user may listen", err)
	}
	return nil
}

// checkHostName finds out early whether HOST_NAME, which nodes would give as
// their address, means anything here.
func checkHostName() error {
	name := os.Getenv("HOST_NAME")
	if name == "" {
		return nil
	}
	if _, err := net.LookupHost(name); err != nil {
		return fmt.Errorf("HOST_NAME, the address that nodes give to be dialled at: %w; unset it, or set it to an address of this machine", err)
	}
	return nil
}

// trySandbox finds out early, and says in one message, whether this host can run
// containers: each node would find the same, and say so in its own log. Simulated
// nodes can be had anywhere.
func (p *platform) trySandbox() error {
	if p.cfg.sandbox.Simulated {
		return nil
	}
	runtime, err := p.cfg.sandbox.runtime("trial", maxNodePorts, zap.NewNop())
	if err != nil {
		return err
	}
	p.isolation = runtime.Isolation()
	for _, missing := range runtime.Missing() {
		p.cfg.log.Warn("the sandbox lacks " + missing)
	}
	return runtime.Close()
}
