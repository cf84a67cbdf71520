package main

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// composeService is a service of deploy/compose.yaml. Only what is here may be
// used there, so that what TestImage runs is what a user gets.
type composeService struct {
	Image       string            `yaml:"image"`
	Profiles    []string          `yaml:"profiles"`
	Network     string            `yaml:"network_mode"`
	Ports       []string          `yaml:"ports"`
	Volumes     []string          `yaml:"volumes"`
	Environment map[string]string `yaml:"environment"`
	ReadOnly    bool              `yaml:"read_only"`
	Cgroup      string            `yaml:"cgroup"`
	CapDrop     []string          `yaml:"cap_drop"`
	CapAdd      []string          `yaml:"cap_add"`
	SecurityOpt []string          `yaml:"security_opt"`
	Grace       string            `yaml:"stop_grace_period"`
	Restart     string            `yaml:"restart"`
}

// readCompose reads the service as docker compose would with that environment.
func readCompose(t *testing.T, name string, environment map[string]string) composeService {
	t.Helper()
	text, err := os.ReadFile("../../deploy/compose.yaml")
	if err != nil {
		t.Fatal(err)
	}
	expanded := os.Expand(string(text), func(variable string) string {
		variable, fallback, _ := strings.Cut(variable, ":-")
		if value, ok := environment[variable]; ok {
			return value
		}
		return fallback
	})
	var file struct {
		Services map[string]composeService `yaml:"services"`
	}
	decoder := yaml.NewDecoder(strings.NewReader(expanded))
	decoder.KnownFields(true)
	if err := decoder.Decode(&file); err != nil {
		t.Fatalf("compose.yaml: %v", err)
	}
	service, ok := file.Services[name]
	if !ok {
		t.Fatalf("compose.yaml has no service %s", name)
	}
	return service
}

// args are those of docker run for the service. The network is the host's: an
// engine of a test has no bridge, and without one no ports to publish.
func (s composeService) args() []string {
	args := []string{"--network=host"}
	for _, key := range slices.Sorted(maps.Keys(s.Environment)) {
		args = append(args, "--env", key+"="+s.Environment[key])
	}
	if s.ReadOnly {
		args = append(args, "--read-only")
	}
	if s.Cgroup != "" {
		args = append(args, "--cgroupns", s.Cgroup)
	}
	for flag, values := range map[string][]string{"--volume": s.Volumes, "--cap-drop": s.CapDrop, "--cap-add": s.CapAdd, "--security-opt": s.SecurityOpt} {
		for _, value := range values {
			args = append(args, flag, value)
		}
	}
	return args
}
