package linux

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/minifaas/minifaas/internal/wire"
)

// trialTimeout is for one empty sandbox, which takes some 10 ms.
const trialTimeout = 20 * time.Second

// chooseIsolation makes an empty sandbox and lets it end: whether the host
// allows one depends on sysctls, security modules and on what surrounds us, so only trying tells.
func (r *Runtime) chooseIsolation() error {
	var refused error
	if r.cfg.Isolation != Process {
		r.namespaces = true
		err := r.try()
		if err == nil {
			return nil
		}
		refused = fmt.Errorf("try a sandbox: %w; the host must allow user namespaces "+
			"(sysctl user.max_user_namespaces above 0, kernel.apparmor_restrict_unprivileged_userns=0, "+
			"kernel.unprivileged_userns_clone=1; in a container, CAP_SYS_ADMIN or a seccomp profile that lets clone make them), "+
			"or ask for the weaker isolation %q", err, Process)
		if r.cfg.Isolation == Namespaces {
			return refused
		}
		r.missing = append(r.missing, refused.Error())
		r.namespaces = false
	}
	if err := r.try(); err != nil {
		return errors.Join(refused, fmt.Errorf("try a sandbox without namespaces: %w", err))
	}
	return nil
}

func (r *Runtime) try() error {
	const id = "trial"
	folder, err := r.makeFolder(id, r.cfg.UIDBase)
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	a, err := startAgent(r.spawner, launch{
		path:       r.agent,
		namespaced: r.namespaces,
		uid:        r.cfg.UIDBase,
		spec:       r.sandboxSpec(id, folder, nil, false),
	})
	if err != nil {
		return err
	}
	// The agent shuts itself in, finds that nobody is there, and ends.
	a.conn.Close()
	ctx, cancel := context.WithTimeout(context.Background(), trialTimeout)
	defer cancel()
	defer context.AfterFunc(ctx, func() { _ = a.process.Kill() })()
	how := a.process.Wait()
	a.said.close()
	if !how.Success() {
		return fmt.Errorf("agent: %s: %s", how, a.said)
	}
	return nil
}

func (r *Runtime) isolation() wire.Isolation {
	if r.namespaces {
		return wire.IsolationNamespaces
	}
	return wire.IsolationProcess
}

// missingFromKernel is what the sandbox would use and this kernel lacks.
func missingFromKernel(namespaces bool) (missing []string) {
	const versionFlag = 1 // LANDLOCK_CREATE_RULESET_VERSION
	if _, _, errno := syscall.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, versionFlag); errno != 0 {
		text := "landlock: the kernel does not have it, or it is switched off"
		if !namespaces {
			text += "; functions see all files that their user may see"
		}
		missing = append(missing, text)
	}
	if !namespaces {
		missing = append(missing,
			"namespaces: functions see the host's processes and use its network",
			"a private /tmp: functions write to a folder on the disk of the state folder, without a limit, and have no /dev/shm")
	}
	return missing
}
