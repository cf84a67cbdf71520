package linux

import (
	"os"
	"runtime"
)

// spawner starts all processes from one thread that lives until it is closed.
// The kernel sends the parent-death signal when the parent's *thread* ends, and
// the Go runtime ends threads as it likes.
type spawner struct {
	jobs chan func()
}

func newSpawner() *spawner {
	s := &spawner{jobs: make(chan func())}
	go func() {
		// Never unlocked: the thread ends with the goroutine.
		runtime.LockOSThread()
		for job := range s.jobs {
			job()
		}
	}()
	return s
}

// start starts the process while the thread is where enter puts it.
func (s *spawner) start(path string, argv []string, attr *os.ProcAttr, enter func() (leave func() error, err error)) (process *os.Process, err error) {
	done := make(chan struct{})
	s.jobs <- func() {
		defer close(done)
		var leave func() error
		if leave, err = enter(); err != nil {
			return
		}
		process, err = os.StartProcess(path, argv, attr)
		if left := leave(); left != nil && err == nil {
			_ = process.Kill()
			_, _ = process.Wait()
			process, err = nil, left
		}
	}
	<-done
	return process, err
}

// close ends the thread, and with it every process that is left.
func (s *spawner) close() { close(s.jobs) }
