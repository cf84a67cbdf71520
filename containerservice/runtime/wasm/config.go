package wasm

import (
	"crypto/rand"
	"fmt"
	"maps"
	"os"
	"slices"

	"github.com/tetratelabs/wazero"
	experimentalsys "github.com/tetratelabs/wazero/experimental/sys"
	"github.com/tetratelabs/wazero/experimental/sysfs"

	"github.com/minifaas/minifaas/containerservice/runtime"
)

// What a module sees of files.
const (
	guestCode = "/var/task"
	guestTmp  = "/tmp"
)

// configure is what all instances of a function have in common. It puts the paths
// that the module sees into f's environment.
func configure(f *runtime.Function) (wazero.ModuleConfig, error) {
	root, err := os.OpenRoot(f.CodeDir)
	if err != nil {
		return nil, fmt.Errorf("open code: %w", err)
	}
	environment := map[string]string{"HOME": guestTmp, "TMPDIR": guestTmp, "PWD": guestCode, "CODE_DIR": guestCode}
	maps.Copy(environment, f.Environment)
	f.Environment = environment
	files := wazero.NewFSConfig().WithFSMount(root.FS(), guestCode).(sysfs.FSConfig).
		WithSysFSMount(withoutLinks{sysfs.DirFS(os.TempDir())}, guestTmp)
	return wazero.NewModuleConfig().
		WithName(""). // so that there can be many
		WithStartFunctions().
		WithArgs(f.Handler).
		WithFSConfig(files).
		WithRandSource(rand.Reader).
		WithSysWalltime().
		WithSysNanotime(), nil
}

// withoutLinks is a folder in which no symbolic links can be made: one could lead
// out of it, to whatever the agent may open.
type withoutLinks struct{ experimentalsys.FS }

func (withoutLinks) Symlink(_, _ string) experimentalsys.Errno { return experimentalsys.EPERM }

func withEnvironment(c wazero.ModuleConfig, environment map[string]string) wazero.ModuleConfig {
	for _, name := range slices.Sorted(maps.Keys(environment)) {
		c = c.WithEnv(name, environment[name])
	}
	return c
}
