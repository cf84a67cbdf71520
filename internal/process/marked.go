package process

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"
)

// killPatience bounds how long killed processes may take to die.
const killPatience = 5 * time.Second

// KillMarked kills the processes, other than this one, that were started with a
// value of an environment variable for which ours is true, and returns when
// they are dead, and those that they have started meanwhile. It is how strays are
// known whose parent has died. Processes of other users can't be looked at, and
// are none of ours.
func KillMarked(variable string, ours func(value string) bool) error {
	timeout := time.After(killPatience)
	for {
		strays, err := marked(variable, ours)
		if err != nil {
			return fmt.Errorf("find processes with %s: %w", variable, err)
		}
		if len(strays) == 0 {
			return nil
		}
		for _, s := range strays {
			s.Kill()
		}
		for _, s := range strays {
			select {
			case <-s.Done():
			case <-timeout:
				return fmt.Errorf("process %d does not die", s.ID().PID)
			}
		}
	}
}

func marked(variable string, ours func(value string) bool) ([]*Process, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, err
	}
	var found []*Process
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil || pid == os.Getpid() {
			continue
		}
		// The identity comes first: what is read after it is of that process, or of one that Find refuses.
		id, err := Identify(pid)
		if err != nil || !hasMark(pid, variable, ours) {
			continue
		}
		p, err := Find(id)
		if errors.Is(err, ErrNotRunning) {
			continue
		}
		if err != nil {
			return nil, err
		}
		found = append(found, p)
	}
	return found, nil
}

func hasMark(pid int, variable string, ours func(value string) bool) bool {
	environ, err := environment("/proc/" + strconv.Itoa(pid))
	if err != nil {
		return false
	}
	for v := range bytes.SplitSeq(environ, []byte{0}) {
		if value, ok := bytes.CutPrefix(v, []byte(variable+"=")); ok && ours(string(value)) {
			return true
		}
	}
	return false
}

// environment is empty for a moment while a program is being started: that is not
// waited for long, as there are processes that have none.
func environment(folder string) (environ []byte, err error) {
	for range 20 {
		environ, err = os.ReadFile(folder + "/environ")
		if err != nil || len(environ) > 0 {
			return environ, err
		}
		if _, err := os.Readlink(folder + "/exe"); err != nil {
			return nil, err // a thread of the kernel, or gone
		}
		time.Sleep(time.Millisecond)
	}
	return nil, nil
}
