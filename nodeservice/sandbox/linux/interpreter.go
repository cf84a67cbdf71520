package linux

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/minifaas/minifaas/internal/function"
	"github.com/minifaas/minifaas/internal/wire"
	"github.com/minifaas/minifaas/nodeservice/sandbox"
)

// interpreters are the programs that a runtime needs; the others need none.
var interpreters = map[string]string{
	function.Python3: "python3",
	function.NodeJS:  "node",
}

// mounted are the folders that every sandbox has.
var mounted = []string{"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64"}

// covered are those of which every sandbox has its own: it does not see the host's.
var covered = []string{"/tmp", "/var/tmp", "/run", "/dev/shm", "/proc", codeFolder, compiledFolder}

// interpreter is a program of the host, and the folder, if any, that must be
// mounted beside the system's for it to run.
type interpreter struct {
	path   string
	prefix string
}

// mounts are what a sandbox must see for it.
func (i interpreter) mounts() []*wire.Mount {
	if i.prefix == "" {
		return nil
	}
	return []*wire.Mount{{Source: i.prefix, Target: i.prefix}}
}

// findInterpreter looks in the system's folders first, then along PATH, for a
// program that a sandbox can run: PATH often begins with a version manager's
// shim, a script under somebody's home.
func findInterpreter(runtime, searchPath string) (interpreter, error) {
	if runtime == function.Simulated {
		return interpreter{}, fmt.Errorf("%w: a simulated function has no code to run; start the nodes with --simulated, or declare one of another runtime", sandbox.ErrUnsupported)
	}
	name, needed := interpreters[runtime]
	if !needed {
		return interpreter{}, nil
	}
	folders := append([]string{"/usr/bin", "/usr/local/bin"}, filepath.SplitList(searchPath)...)
	var looked, said []string
	for _, folder := range folders {
		path := filepath.Join(folder, name)
		if !filepath.IsAbs(folder) || slices.Contains(looked, path) {
			continue
		}
		looked = append(looked, path)
		real, ok := runnable(path)
		hides := slices.IndexFunc(covered, func(folder string) bool { return below(real, folder) })
		switch {
		case ok && hides < 0:
			return interpreter{path: real, prefix: prefix(real)}, nil
		case ok:
			path += fmt.Sprintf(" (it is below %s, of which every sandbox has its own: install it elsewhere, such as below /opt)", covered[hides])
		}
		said = append(said, path)
	}
	return interpreter{}, fmt.Errorf("%w: %s needs %s, and none of these is a program that other users can run in a sandbox: %s",
		sandbox.ErrUnsupported, runtime, name, strings.Join(said, ", "))
}

// runnable resolves path to a program which is not a script, is not in a home, and is open to all users.
func runnable(path string) (string, bool) {
	real, err := filepath.EvalSymlinks(path)
	if err != nil || below(real, "/root") || below(real, "/home") || reachable(real, 0o005) != nil {
		return "", false
	}
	file, err := os.Open(real)
	if err != nil {
		return "", false
	}
	defer file.Close()
	magic := make([]byte, 4)
	_, err = io.ReadFull(file, magic)
	return real, err == nil && bytes.Equal(magic, []byte("\x7fELF"))
}

// prefix is the folder to mount for the program at path: the one it was
// installed into, with its libraries, or "" below a system folder.
func prefix(path string) string {
	for _, folder := range mounted {
		if below(path, folder) {
			return ""
		}
	}
	folder := filepath.Dir(path)
	if filepath.Base(folder) == "bin" && filepath.Dir(folder) != "/" {
		return filepath.Dir(folder)
	}
	return folder
}

func below(path, folder string) bool { return strings.HasPrefix(path, folder+"/") }
