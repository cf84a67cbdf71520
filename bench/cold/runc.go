package cold

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync/atomic"
	"time"
)

// Runc starts a resident program in containers of runc, as a yardstick: namespaces, a
// root of its own, cgroups and seccomp as runc's own example configuration has them.
type Runc struct {
	program, folder string
	made            atomic.Int64
}

// HowToGetRunc tells what to do where there is none.
const HowToGetRunc = "runc is not installed, so that there is no comparison with it: apt-get install runc"

// NewRunc prepares the program's root in a folder of its own. The error wraps
// exec.ErrNotFound where runc is not installed.
func NewRunc(ctx context.Context, program, folder string) (*Runc, error) {
	runc, err := exec.LookPath("runc")
	if err != nil {
		return nil, err
	}
	r := &Runc{program: runc, folder: folder}
	root := filepath.Join(folder, "rootfs")
	for _, name := range []string{"proc", "dev", "sys"} {
		if err := os.MkdirAll(filepath.Join(root, name), 0o755); err != nil {
			return nil, err
		}
	}
	binary, err := os.ReadFile(program)
	if err == nil {
		err = os.WriteFile(filepath.Join(root, "program"), binary, 0o755)
	}
	if err != nil {
		return nil, err
	}
	return r, r.configure(ctx)
}

// configure changes runc's example of a configuration as little as can be.
func (r *Runc) configure(ctx context.Context) error {
	if out, err := exec.CommandContext(ctx, r.program, "spec", "--bundle", r.folder).CombinedOutput(); err != nil {
		return fmt.Errorf("runc spec: %w: %s", err, out)
	}
	path := filepath.Join(r.folder, "config.json")
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var spec map[string]any
	if err := json.Unmarshal(text, &spec); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	process, ok := spec["process"].(map[string]any)
	if !ok {
		return fmt.Errorf("%s has no process", path)
	}
	process["terminal"], process["args"], process["env"] = false, []string{"/program"}, slices.Concat(environment, []string{socketVariable})
	if text, err = json.Marshal(spec); err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o644)
}

// once makes a container, waits for its program's first answer, and for its end.
func (r *Runc) once(ctx context.Context) error {
	id := fmt.Sprintf("minifaas-bench-%d-%d", os.Getpid(), r.made.Add(1))
	command := exec.CommandContext(ctx, r.program, "--root", filepath.Join(r.folder, "state"), "run", "--bundle", r.folder, "--preserve-fds", "1", id)
	// Told to end, runc ends the container first.
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = removal
	resident, err := newResident(command)
	if err != nil {
		return err
	}
	err = resident.answer(time.Now().Add(answerTimeout))
	if ended := resident.close(); err == nil {
		err = ended
	}
	if err == nil {
		return nil
	}
	// What is left of it must go; it may be nothing.
	_ = exec.CommandContext(context.WithoutCancel(ctx), r.program, "--root", filepath.Join(r.folder, "state"), "delete", "--force", id).Run()
	return errors.Join(err, ctx.Err())
}
