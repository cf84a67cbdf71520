package engine_test

import (
	"flag"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/minifaas/minifaas/scheduler/engine"
	"github.com/minifaas/minifaas/scheduler/policy"
)

var update = flag.Bool("update", false, "rewrite the expected actions in testdata/*.txt")

// TestScenarios plays each testdata/*.txt: paragraphs of commands, a line of
// dashes, and the actions that they give. Lines before the first command that
// begin with # say what it is about; scenario.do has the commands.
func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d scenarios found, error %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := (&scenario{t: t, policy: "adaptive"}).play(string(data))
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if d := cmp.Diff(string(data), got); d != "" {
				t.Errorf("actions differ (-want +got):\n%s", d)
			}
		})
	}
}

type scenario struct {
	t      *testing.T
	policy string
	config engine.Config
	e      *engine.Engine
	now    engine.Instant
}

func (s *scenario) play(script string) string {
	var paragraphs []string
	for _, p := range strings.Split(strings.TrimSpace(script), "\n\n") {
		commands, _, _ := strings.Cut(p, "----\n")
		commands = strings.TrimRight(strings.TrimSuffix(commands, "----"), "\n")
		var out strings.Builder
		out.WriteString(commands + "\n----\n")
		for line := range strings.Lines(commands) {
			if fields := strings.Fields(line); len(fields) > 0 && fields[0] != "#" {
				out.WriteString(s.do(fields))
			}
		}
		paragraphs = append(paragraphs, out.String())
	}
	return strings.Join(paragraphs, "\n")
}

// do carries one command out. Words are positional or key=value; memory is in
// MiB. at and run take an instant: at moves there, run steps whenever the
// engine wants to be woken on the way.
func (s *scenario) do(words []string) string {
	args := make(map[string]string)
	var plain []string
	for _, w := range words[1:] {
		if k, v, ok := strings.Cut(w, "="); ok {
			args[k] = v
		} else {
			plain = append(plain, w)
		}
	}
	arg := func(i int) string {
		if i >= len(plain) {
			return ""
		}
		return plain[i]
	}
	function := engine.FunctionSpec{
		Name: arg(1), Memory: engine.Bytes(s.int(args["mem"])) * mib, Timeout: s.duration(args["timeout"]), Concurrency: s.int(args["concurrency"]),
	}
	message := strings.ReplaceAll(args["message"], "_", " ")
	switch words[0] {
	case "policy":
		s.policy = arg(0)
		return ""
	case "config":
		s.config = engine.Config{
			QueueLimit: s.int(args["queue"]), TenantQueueLimit: s.int(args["tenant-queue"]), MaxWait: s.duration(args["wait"]), CreateAttempts: s.int(args["attempts"]), Resize: args["resize"] != "",
		}
		return ""
	case "at":
		s.now = engine.Instant(s.duration(arg(0)))
		return ""
	case "run":
		return s.run(engine.Instant(s.duration(arg(0))))
	case "acquire": // ticket function
		return s.step(&engine.Event{
			Kind: engine.Acquire, Ticket: engine.Ticket(s.int(arg(0))), Function: function,
			Request: engine.RequestID(args["id"]), Account: args["account"], Deadline: engine.Instant(s.duration(args["deadline"])),
		})
	case "cancel": // ticket
		return s.step(&engine.Event{Kind: engine.Cancel, Ticket: engine.Ticket(s.int(arg(0)))})
	case "return": // container
		return s.step(&engine.Event{
			Kind: engine.Return, Container: engine.ContainerID(arg(0)), Request: engine.RequestID(args["id"]),
			Outcome: engine.Outcome{
				Duration: s.duration(args["took"]), MaxMemory: engine.Bytes(max(1, s.int(args["mem"]))) * mib, Error: args["error"], Lost: args["lost"] != "",
			},
		})
	case "node": // node
		return s.step(&engine.Event{
			Kind: engine.NodeReady, Node: engine.NodeID(arg(0)), Reservation: uint64(s.int(args["for"])), Capacity: engine.Bytes(s.int(args["mem"])) * mib,
		})
	case "no-node":
		return s.step(&engine.Event{Kind: engine.NodeFailed, Reservation: uint64(s.int(args["for"])), Exhausted: true, Message: message})
	case "node-lost":
		return s.step(&engine.Event{Kind: engine.NodeLost, Node: engine.NodeID(arg(0))})
	case "node-released":
		return s.step(&engine.Event{Kind: engine.NodeReleased, Node: engine.NodeID(arg(0))})
	case "node-available":
		return s.step(&engine.Event{Kind: engine.NodeAvailable})
	case "ready": // name container
		return s.step(&engine.Event{
			Kind: engine.ContainerReady, Name: engine.Name(arg(0)), Container: engine.ContainerID(arg(1)), Sandbox: args["sandbox"], Prepared: args["prepared"] != "",
		})
	case "failed": // name
		return s.step(&engine.Event{Kind: engine.ContainerFailed, Name: engine.Name(arg(0)), Permanent: args["permanent"] != "", Message: message})
	case "adopt": // container function
		return s.step(&engine.Event{
			Kind: engine.ContainerAdopted, Container: engine.ContainerID(arg(0)), Node: engine.NodeID(args["node"]), Function: function, InFlight: s.int(args["calls"]),
		})
	case "lost": // container
		return s.step(&engine.Event{Kind: engine.ContainerLost, Container: engine.ContainerID(arg(0))})
	case "resized": // name
		return s.step(&engine.Event{Kind: engine.ContainerResized, Name: engine.Name(arg(0))})
	case "not-resized": // name
		return s.step(&engine.Event{Kind: engine.ResizeFailed, Name: engine.Name(arg(0)), Permanent: args["permanent"] != ""})
	case "removed": // name
		return s.step(&engine.Event{Kind: engine.ContainerRemoved, Name: engine.Name(arg(0))})
	case "stats": // node, container/name/calls...
		ev := &engine.Event{Kind: engine.Stats, Node: engine.NodeID(arg(0)), Since: engine.Instant(s.duration(args["since"])), Named: args["named"] != ""}
		for _, entry := range plain[1:] {
			p := strings.Split(entry, "/")
			ev.Containers = append(ev.Containers, engine.ContainerStat{Container: engine.ContainerID(p[0]), Name: engine.Name(p[1]), InFlight: s.int(p[2])})
		}
		if n := s.int(args["sandboxes"]); n > 0 {
			ev.Sandboxes = []engine.SandboxStat{{Kind: args["sandbox"], Ready: n}}
		}
		return s.step(ev)
	case "status":
		return s.status()
	}
	s.t.Fatalf("unknown command %q", words[0])
	return ""
}

func (s *scenario) run(end engine.Instant) string {
	out := ""
	for {
		at, ok := s.engine().NextWake()
		if !ok || at > end {
			s.now = end
			return out
		}
		s.now = max(s.now, at)
		out += s.step(&engine.Event{Kind: engine.Wake})
	}
}

func (s *scenario) engine() *engine.Engine {
	if s.e == nil {
		p, err := policy.New(s.policy)
		if s.policy == "adaptive" { // as in the scheduler: what is declared is a limit
			p, err = policy.NewAdaptive(policy.AdaptiveConfig{})
		}
		if err != nil {
			s.t.Fatal(err)
		}
		if s.e, err = engine.New(s.config, p); err != nil {
			s.t.Fatal(err)
		}
	}
	return s.e
}

func (s *scenario) step(ev *engine.Event) string {
	actions := s.engine().Step(s.now, ev, nil)
	if err := s.e.Check(); err != nil {
		s.t.Errorf("at %v: %v", time.Duration(s.now), err)
	}
	var out strings.Builder
	for i := range actions {
		out.WriteString(describe(s.now, &actions[i]))
	}
	return out.String()
}

func (s *scenario) int(text string) int {
	if text == "" {
		return 0
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		s.t.Fatal(err)
	}
	return n
}

func (s *scenario) duration(text string) time.Duration {
	if text == "" {
		return 0
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		s.t.Fatal(err)
	}
	return d
}
