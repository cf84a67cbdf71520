package jail

import (
	"fmt"
	"os"

	"github.com/landlock-lsm/go-landlock/landlock"
	ll "github.com/landlock-lsm/go-landlock/landlock/syscall"

	containerservicepb "github.com/minifaas/minifaas/proto/containerservice"
)

// landlockABI is the newest one whose rights the rules below are made for; an
// older kernel enforces what it knows of them, down to nothing at all.
var landlockABI = landlock.V9.BestEffort()

// deviceFiles can be opened for writing.
var deviceFiles = []string{"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty"}

// landlockNamespaces repeats what the mounts say already: a second wall, should
// a mount be escaped.
func landlockNamespaces() error {
	return restrict(
		landlock.RODirs("/"),
		landlock.RWDirs("/tmp", "/dev/shm").WithRefer(),
		landlock.RWFiles(deviceFiles...).IgnoreIfMissing(),
		writeProc(),
	)
}

// landlockProcess is the only wall before the host's files where there are no namespaces.
func landlockProcess(spec *containerservicepb.SandboxSpec) error {
	readable := append([]string{"/proc"}, systemFolders...)
	readable = append(readable, configuration...)
	for _, m := range spec.GetMounts() {
		readable = append(readable, m.GetSource())
	}
	files, folders := split(readable)
	return restrict(
		landlock.RODirs(folders...),
		landlock.ROFiles(files...),
		landlock.RWDirs(spec.GetRoot()).WithRefer(),
		landlock.RWFiles(deviceFiles...).IgnoreIfMissing(),
		writeProc(),
	)
}

// writeProc lets the agent reset the peaks and set the OOM order of its workers.
func writeProc() landlock.Rule {
	return landlock.PathAccess(ll.AccessFSWriteFile|ll.AccessFSTruncate, "/proc").IgnoreIfMissing()
}

func restrict(rules ...landlock.Rule) error {
	if err := landlockABI.RestrictPaths(rules...); err != nil {
		return fmt.Errorf("restrict files by landlock: %w", err)
	}
	// Signals and abstract sockets reach nothing outside of the sandbox.
	if err := landlockABI.RestrictScoped(); err != nil {
		return fmt.Errorf("restrict signals by landlock: %w", err)
	}
	return nil
}

// split tells files from folders, for which landlock has different rights, and
// leaves out what is not there.
func split(paths []string) (files, folders []string) {
	for _, path := range paths {
		switch info, err := os.Stat(path); {
		case err != nil:
		case info.IsDir():
			folders = append(folders, path)
		default:
			files = append(files, path)
		}
	}
	return files, folders
}

// exists reports whether there is something at path.
func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
