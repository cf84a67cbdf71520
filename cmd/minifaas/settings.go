package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"go.uber.org/zap"

	"github.com/minifaas/minifaas/internal/config"
	"github.com/minifaas/minifaas/internal/telemetry"
)

// Where each port lies above --port-base.
const (
	nodePorts           = 300
	maxNodePorts        = 100
	resourceManagerPort = 400
	apiserverPort       = 500
	schedulerPort       = 600
	// containerservicePort is for one that is run alone.
	containerservicePort = 700
	metricsPort          = 900
)

type logFlags struct {
	LogLevel  string `default:"info" enum:"debug,info,warn,error" help:"Least level to log: ${enum}. debug logs every call."`
	LogFormat string `default:"text" enum:"text,json" help:"How to log: ${enum}."`
}

func (f *logFlags) logger(name string) (*zap.Logger, error) {
	return telemetry.NewLogger(name, f.LogLevel, f.LogFormat)
}

func (f *logFlags) args() []string {
	return []string{"--log-level=" + f.LogLevel, "--log-format=" + f.LogFormat}
}

// listenFlags are those of a service that listens.
type listenFlags struct {
	Address        string `default:"127.0.0.1" help:"Address to listen on."`
	Port           int    `env:"SERVICE_PORT,MINIFAAS_PORT" help:"Port to listen on; 0 takes the service's own above --port-base."`
	PortBase       int    `default:"10000" help:"Where the platform's ports begin: nodes +300 to +399, ResourceManager +400, APIServer +500, Scheduler +600, metrics +900."`
	MetricsAddress string `help:"Where to serve /metrics and /healthz: host:port or unix:PATH; empty for nowhere."`
}

// port is the port to listen on, if the service's own is offset above the base.
func (f listenFlags) port(offset int) int {
	if f.Port != 0 {
		return f.Port
	}
	return f.PortBase + offset
}

func (f listenFlags) validate() error {
	return errors.Join(validPort("port", f.Port, 0, 65535), validPort("port-base", f.PortBase, 1, 65535-metricsPort))
}

func validPort(name string, port, low, high int) error {
	if port < low || port > high {
		return fmt.Errorf("--%s %d: want %d to %d", name, port, low, high)
	}
	return nil
}

// defaultStateDir is where a platform with that port base keeps its state.
func defaultStateDir(portBase int) string {
	root := "/var/lib"
	if os.Geteuid() != 0 {
		root = os.Getenv("XDG_STATE_HOME")
		if root == "" {
			home, err := os.UserHomeDir()
			if err != nil {
				home = os.TempDir()
			}
			root = filepath.Join(home, ".local", "state")
		}
	}
	return filepath.Join(root, "minifaas", strconv.Itoa(portBase))
}

// check reports the faults of the configuration file and of the settings together.
func check(file *config.File, faults ...error) error {
	if err := errors.Join(append([]error{file.Faults()}, faults...)...); err != nil {
		return fmt.Errorf("configuration:\n%w", err)
	}
	return nil
}
