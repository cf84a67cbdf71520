package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/google/uuid"
	"go.uber.org/zap"
	"google.golang.org/grpc"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/minifaas/minifaas/internal/function"
	"github.com/minifaas/minifaas/internal/process"
	"github.com/minifaas/minifaas/internal/rpc"
	"github.com/minifaas/minifaas/internal/telemetry"
	"github.com/minifaas/minifaas/nodeservice/sandbox/linux"
)

// startTimeout bounds how long one service may take until it serves.
const startTimeout = 20 * time.Second

// platformConfig says what a whole platform on this machine is made of.
type platformConfig struct {
	address  string
	portBase int
	// schedulerEndpoint is a scheduler that runs elsewhere; empty starts ours, unless
	// withoutScheduler: then somebody else starts one at our port.
	schedulerEndpoint string
	withoutScheduler  bool
	sandbox           sandboxFlags
	announce          announceFlags
	pool              poolFlags
	policy            policyFlags
	shadows           shadowFlags
	logs              logFlags
	// output gets what the services log; nil is stderr.
	output io.Writer
	log    *zap.Logger
}

// platform is all five services: a supervised process each for APIServer,
// Scheduler and ResourceManager, which in turn starts the nodes.
type platform struct {
	cfg        platformConfig
	lock       *stateLock
	lifeline   *process.Lifeline
	supervisor *process.Supervisor
	services   []platformService // in the order of their start
	isolation  linux.Isolation   // what containers get
	background context.CancelFunc
}

// startPlatform returns when every service serves. ctx bounds the start alone.
func startPlatform(ctx context.Context, cfg platformConfig) (*platform, error) {
	cfg.sandbox.setDefaults(cfg.portBase)
	lock, err := lockState(cfg.sandbox.StateDir)
	if err != nil {
		return nil, err
	}
	p := &platform{cfg: cfg, lock: lock}
	if cfg.sandbox.Functions != "" {
		// Whatever process is started later serves what the others do.
		p.cfg.sandbox.Functions = filepath.Join(frozenDir(cfg.sandbox.StateDir), function.FrozenFile)
	}
	p.services = p.plan()
	background, cancel := context.WithCancel(context.WithoutCancel(ctx))
	p.background = cancel
	if err := p.start(ctx, background, cfg.sandbox.Functions); err != nil {
		return nil, errors.Join(err, p.stop())
	}
	return p, nil
}

func (p *platform) start(ctx, background context.Context, functions string) error {
	// What is there now was left by a platform that was killed: the lock is ours.
	if err := p.sweep(); err != nil {
		return err
	}
	if err := p.probePorts(); err != nil {
		return err
	}
	if err := errors.Join(checkHostName(), p.trySandbox(), p.freeze(functions)); err != nil {
		return err
	}
	// The services get their settings as arguments: a file would add to them.
	os.Unsetenv("MINIFAAS_CONFIG")
	if err := os.MkdirAll(p.metricsDir(), 0o755); err != nil {
		return err
	}
	go func() {
		if err := process.ReapOrphans(background); err != nil {
			p.cfg.log.Warn("orphans are not reaped", zap.Error(err))
		}
	}()
	var err error
	if p.lifeline, err = process.NewLifeline(); err != nil {
		return err
	}
	p.supervisor = process.NewSupervisor(process.SupervisorConfig{Log: p.cfg.log, Output: p.cfg.output, Lifeline: p.lifeline})
	for _, svc := range p.services {
		if err := p.startService(ctx, svc); err != nil {
			return err
		}
	}
	go func() {
		err := telemetry.ServeMetrics(background, p.endpoint(metricsPort), telemetry.Merged(p.metricsDir()), p.healthy)
		if err != nil {
			p.cfg.log.Warn("no metrics", zap.Error(err))
		}
	}()
	return nil
}

// freeze keeps the functions that are at path now: it is read by every process for itself,
// when it is started. The copies go with the rest of run.
func (p *platform) freeze(path string) error {
	if path == "" {
		return nil
	}
	functions, err := function.Load(path)
	if err != nil {
		return err
	}
	return functions.Freeze(frozenDir(p.cfg.sandbox.StateDir))
}

func frozenDir(stateDir string) string { return filepath.Join(stateDir, "run", "functions") }

// platformService is a service of the platform and where it listens.
type platformService struct {
	name   string
	offset int
	args   []string
}

// plan lists the services to supervise in the order of their start.
func (p *platform) plan() []platformService {
	c := p.cfg
	scheduler := c.schedulerEndpoint
	resourceManager := platformService{"resourcemanager", resourceManagerPort, command("", c.sandbox.args(), c.pool.args(), flagArgs("run-id", uuid.NewString()))}
	services := []platformService{resourceManager}
	if scheduler == "" {
		scheduler = p.endpoint(schedulerPort)
	}
	if c.schedulerEndpoint == "" && !c.withoutScheduler {
		socket := "minifaas-" + uuid.NewString()
		services = append(services, platformService{"scheduler", schedulerPort, command("", c.policy.args(), c.shadows.args(),
			flagArgs("resource-manager-endpoint", p.endpoint(resourceManagerPort), "socket", socket))})
		scheduler = "unix:@" + socket
	}
	return append(services, platformService{"apiserver", apiserverPort,
		flagArgs("functions", c.sandbox.Functions, "scheduler-endpoint", scheduler, "announce", c.announce.Announce)})
}

func (p *platform) startService(ctx context.Context, svc platformService) error {
	executable, err := os.Executable()
	if err != nil {
		return err
	}
	metrics := metricsSocket(p.cfg.sandbox.StateDir, svc.name)
	argv := append([]string{executable, svc.name}, p.cfg.logs.args()...)
	argv = append(argv, flagArgs("address", p.cfg.address, "port-base", p.cfg.portBase, "port", p.cfg.portBase+svc.offset, "metrics-address", metrics)...)
	mark, err := p.mark()
	if err != nil {
		return err
	}
	if err := p.supervisor.Start(process.Service{Name: svc.name, Argv: append(argv, svc.args...), Env: []string{markEnv + "=" + mark}}); err != nil {
		return fmt.Errorf("start %s: %w", svc.name, err)
	}
	return p.awaitService(ctx, svc)
}

// awaitService waits until a service reports SERVING. One that keeps dying is
// given up early: it has said why.
func (p *platform) awaitService(ctx context.Context, svc platformService) error {
	starting, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for {
		if checkHealth(starting, p.endpoint(svc.offset)) == nil {
			return nil
		}
		for _, status := range p.supervisor.Services() {
			if status.Name == svc.name && status.Deaths > 1 {
				return fmt.Errorf("%s does not start (%w); its log is above", svc.name, status.LastExit)
			}
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-starting.Done():
			if ctx.Err() != nil {
				return fmt.Errorf("interrupted while %s was starting", svc.name)
			}
			return fmt.Errorf("%s does not serve within %v; its log is above", svc.name, startTimeout)
		}
	}
}

// healthy says whether every service serves.
func (p *platform) healthy() error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	var faults []error
	for _, svc := range p.services {
		if err := checkHealth(ctx, p.endpoint(svc.offset)); err != nil {
			faults = append(faults, fmt.Errorf("%s: %w", svc.name, err))
		}
	}
	return errors.Join(faults...)
}

func checkHealth(ctx context.Context, endpoint string) error {
	conn, err := rpc.Dial(endpoint)
	if err != nil {
		return err
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	reply, err := healthpb.NewHealthClient(conn).Check(ctx, &healthpb.HealthCheckRequest{}, grpc.WaitForReady(false))
	if err == nil && reply.GetStatus() != healthpb.HealthCheckResponse_SERVING {
		err = errors.New(reply.GetStatus().String())
	}
	return err
}

// stop ends the services in order, APIServer first, and removes what they made.
func (p *platform) stop() error {
	if p.supervisor != nil {
		p.supervisor.Stop()
	}
	if p.lifeline != nil {
		p.lifeline.Close()
	}
	p.background()
	return errors.Join(p.sweep(), p.lock.release())
}

func (p *platform) metricsDir() string { return metricsDir(p.cfg.sandbox.StateDir) }

func metricsDir(stateDir string) string { return filepath.Join(stateDir, "run", "metrics") }

// metricsSocket is where a process of the platform serves its metrics.
func metricsSocket(stateDir, name string) string {
	return "unix:" + filepath.Join(metricsDir(stateDir), name+".sock")
}

// endpoint is where a service of the platform can be dialled.
func (p *platform) endpoint(offset int) string {
	host := p.cfg.address
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, strconv.Itoa(p.cfg.portBase+offset))
}
