package linux

import (
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"regexp"
	"runtime"
	"time"

	"go.uber.org/zap"
)

// Isolation is how a container is kept apart from the host.
type Isolation string

const (
	// Auto is Namespaces where the host allows them, else Process; Runtime.Isolation says which.
	Auto Isolation = "auto"
	// Namespaces gives each container a root, processes and network of its own.
	// Where the host does not allow it, New fails and says how to get it.
	Namespaces Isolation = "namespaces"
	// Process only takes rights away (no_new_privs, seccomp, landlock, limits): a
	// function sees the host's processes and network.
	Process Isolation = "process"
)

// Config says how a node makes its containers.
type Config struct {
	// StateDir is the node's own folder, made when missing. As root every user
	// must be able to enter it, since each container runs as one of its own.
	StateDir string
	// CgroupParent is a path below the root of the cgroup hierarchy, or below the
	// group delegated to this user; default "minifaas". It is made when
	// missing and removed with the last node in it.
	CgroupParent string
	// Name of the node, unique in CgroupParent.
	Name string
	// Memory is the limit of all containers together, in bytes.
	Memory int64
	// CPU is the limit of all containers together, in cores.
	CPU float64
	// AgentPath is the agent's executable, built without cgo. Root runs a copy of one that
	// others may read.
	AgentPath string
	// FullAgentPath is that of the agent for runtimes that AgentPath lacks; default AgentPath.
	FullAgentPath string
	// Isolation is Namespaces by default.
	Isolation Isolation
	// UIDBase, as root, is the host's first user id (and group id) for containers: each
	// gets one for as long as it lives, the lowest that is free. Default 900000. Nodes of
	// one machine should have ranges of their own.
	UIDBase int
	// UIDs is how many there are; default 10,000. A function's zygote holds on to some 100.
	UIDs int
	// TmpBytes is the size of a container's private /tmp; default 64 MiB. What is
	// in it counts as the container's memory.
	TmpBytes int64
	// Processes is how many processes and threads a container may have; default 256.
	Processes int64
	// CreateConcurrency is how many containers are made at once; default twice the cores.
	CreateConcurrency int
	// Ready is how many sandboxes of a kind wait for a function at least, once the
	// kind has been asked for; default 1, and negative for none. More wait as more
	// are asked for. It takes root and Namespaces.
	Ready int
	// ReadyShare is the part of Memory that they may take together; default 1/8.
	ReadyShare float64
	// FreezeAfter is how long a container is idle before it is frozen, until the next
	// invocation; 0 means never. It takes cgroups with a freezer.
	FreezeAfter time.Duration
	// EgressDeny are networks that no function reaches, beside the host itself.
	EgressDeny []netip.Prefix
	// LoadTimeout bounds a function's own initialisation; default 10 s.
	LoadTimeout time.Duration
	Log         *zap.Logger

	// eager fills the reserves however busy the host is.
	eager bool
}

// plainName is fit for a folder and a cgroup.
var plainName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$`)

// Validate reports every fault.
func (c Config) Validate() error {
	var faults []error
	fault := func(bad bool, format string, args ...any) {
		if bad {
			faults = append(faults, fmt.Errorf(format, args...))
		}
	}
	fault(!filepath.IsAbs(c.StateDir), "state dir %q is not an absolute path", c.StateDir)
	fault(!filepath.IsAbs(c.AgentPath), "agent path %q is not an absolute path", c.AgentPath)
	fault(c.FullAgentPath != "" && !filepath.IsAbs(c.FullAgentPath), "full agent path %q is not an absolute path", c.FullAgentPath)
	fault(!plainName.MatchString(c.Name), "name %q: only letters, digits, '_', '.' and '-', beginning with a letter or digit", c.Name)
	fault(c.CgroupParent != "" && !filepath.IsLocal(c.CgroupParent), "cgroup parent %q is not a path below the root", c.CgroupParent)
	fault(c.Memory <= 0, "memory %d is not above 0", c.Memory)
	fault(c.CPU <= 0, "cpu %v is not above 0", c.CPU)
	fault(c.UIDBase < 0, "uid base %d is negative", c.UIDBase)
	fault(c.UIDs < 0, "uids %d is negative", c.UIDs)
	fault(c.TmpBytes < 0, "tmp bytes %d is negative", c.TmpBytes)
	fault(c.Processes < 0, "processes %d is negative", c.Processes)
	fault(c.CreateConcurrency < 0, "create concurrency %d is negative", c.CreateConcurrency)
	fault(!(c.ReadyShare >= 0 && c.ReadyShare <= 1), "ready share %v is not between 0 and 1", c.ReadyShare)
	fault(c.FreezeAfter < 0, "freeze after %v is negative", c.FreezeAfter)
	for _, p := range c.EgressDeny {
		fault(!p.IsValid() || p.Addr().Is4In6(), "egress deny %q: want a network such as 10.0.0.0/8 or fd00::/8; one of IPv4 in the notation of IPv4", p)
	}
	fault(c.LoadTimeout < 0, "load timeout %v is negative", c.LoadTimeout)
	switch c.Isolation {
	case "", Auto, Namespaces, Process:
	default:
		fault(true, "isolation %q is none of auto, namespaces and process", c.Isolation)
	}
	return errors.Join(faults...)
}

func (c Config) withDefaults() Config {
	setDefault(&c.CgroupParent, "minifaas")
	setDefault(&c.FullAgentPath, c.AgentPath)
	setDefault(&c.Isolation, Namespaces)
	setDefault(&c.UIDBase, 900_000)
	setDefault(&c.UIDs, 10_000)
	setDefault(&c.TmpBytes, 64<<20)
	setDefault(&c.Processes, 256)
	setDefault(&c.CreateConcurrency, 2*runtime.NumCPU())
	setDefault(&c.Ready, 1)
	setDefault(&c.ReadyShare, 1.0/8)
	setDefault(&c.LoadTimeout, 10*time.Second)
	if c.Log == nil {
		c.Log = zap.NewNop()
	}
	return c
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}
