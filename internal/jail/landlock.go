package jail

import (
	"errors"
	"fmt"
	"os"

	ll "github.com/landlock-lsm/go-landlock/landlock/syscall"
	"golang.org/x/sys/unix"

	"github.com/minifaas/minifaas/internal/wire"
)

// Rights to files. Nobody gets that to ioctl on devices, or to connect to
// sockets of the host by name.
const (
	toRead  = ll.AccessFSExecute | ll.AccessFSReadFile | ll.AccessFSReadDir
	toWrite = ll.AccessFSWriteFile | ll.AccessFSTruncate
	toMake  = ll.AccessFSRemoveDir | ll.AccessFSRemoveFile | ll.AccessFSMakeDir | ll.AccessFSMakeReg |
		ll.AccessFSMakeSock | ll.AccessFSMakeFifo | ll.AccessFSMakeSym | ll.AccessFSRefer
	// ofFile are the rights that one can have to a file; the others are to folders.
	ofFile = ll.AccessFSExecute | ll.AccessFSReadFile | toWrite | ll.AccessFSIoctlDev
)

// deviceFiles can be written to.
var deviceFiles = []string{"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"}

// rule gives rights to what is below some paths. Paths that are not there are left out.
type rule struct {
	rights uint64
	paths  []string
}

// namespaceRules repeat what the mounts say already: a second wall, should one be escaped.
var namespaceRules = []rule{
	{toRead, []string{"/"}},
	{toRead | toWrite | toMake, []string{"/tmp", "/dev/shm"}},
	{toWrite, append([]string{"/proc"}, deviceFiles...)},
}

// landlockProcess is the only wall before the host's files where there are no namespaces.
func landlockProcess(spec *wire.SandboxSpec) error {
	readable := []string{"/proc"}
	readable = append(readable, systemFolders...)
	readable = append(readable, configuration...)
	for _, m := range spec.Mounts {
		readable = append(readable, m.Source)
	}
	return restrict(
		rule{toRead, readable},
		rule{toRead | toWrite | toMake, []string{spec.Root}},
		rule{ll.AccessFSReadFile | toWrite, deviceFiles},
		rule{toWrite, []string{"/proc"}},
	)
}

// restrict puts the calling thread, and so whatever it forks, into a domain that
// has only these rights to files and that reaches nothing outside by a signal or an
// abstract socket. A kernel that knows less enforces what it knows, down to nothing.
func restrict(rules ...rule) error {
	version, err := ll.LandlockGetABIVersion()
	if err != nil {
		return nil // built without it, or switched off: Runtime.Missing of the node says so
	}
	handled, scoped := known(version)
	set, err := ll.LandlockCreateRuleset(&ll.RulesetAttr{HandledAccessFS: handled, Scoped: scoped}, 0)
	if err != nil {
		return fmt.Errorf("restrict files by landlock: make rule set: %w", err)
	}
	defer unix.Close(set)
	for _, r := range rules {
		for _, path := range r.paths {
			if err := allow(set, path, r.rights&handled); err != nil {
				return fmt.Errorf("restrict files by landlock: %w", err)
			}
		}
	}
	if err := ll.LandlockRestrictSelf(set, 0); err != nil {
		return fmt.Errorf("restrict files by landlock: %w", err)
	}
	return nil
}

// known are the rights and scopes that a version of landlock knows.
func known(version int) (rights, scopes uint64) {
	count := 13
	for _, since := range []int{2, 3, 5, 9} { // refer, truncate, ioctl on devices, connect by name
		if version >= since {
			count++
		}
	}
	if version >= 6 {
		scopes = ll.ScopeAbstractUnixSocket | ll.ScopeSignal
	}
	return 1<<count - 1, scopes
}

func allow(set int, path string, rights uint64) error {
	fd, err := unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("open %s: %w", path, err)
	}
	defer unix.Close(fd)
	var about unix.Stat_t
	if err := unix.Fstat(fd, &about); err != nil {
		return fmt.Errorf("look at %s: %w", path, err)
	}
	if about.Mode&unix.S_IFMT != unix.S_IFDIR {
		rights &= ofFile
	}
	if rights == 0 {
		return nil
	}
	if err := ll.LandlockAddPathBeneathRule(set, &ll.PathBeneathAttr{AllowedAccess: rights, ParentFd: fd}, 0); err != nil {
		return fmt.Errorf("allow %s: %w", path, err)
	}
	return nil
}
