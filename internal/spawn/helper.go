package spawn

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"runtime"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// helper is the other end of a Spawner's socket.
type helper struct {
	socket int
	// turn is held from a fork to the answer, and while an end is told, so that no end
	// is heard of before its beginning, nor a pid used again before its end is told.
	turn sync.Mutex
	// started holds one token when there may be a child to wait for.
	started chan struct{}
	place   place // of the thread that serves
}

// Serve is the helper's whole life: it starts what it is told to until the socket ends.
func Serve(socket *os.File) error {
	defer runtime.KeepAlive(socket) // which its end would close
	if err := unix.CloseRange(3, math.MaxUint32, unix.CLOSE_RANGE_CLOEXEC); err != nil {
		return fmt.Errorf("close files on exec: %w (needs Linux 5.11 or newer)", err)
	}
	if os.Getpid() == 1 {
		if err := ownProc(); err != nil {
			return err
		}
	}
	h := &helper{socket: int(socket.Fd()), started: make(chan struct{}, 1)}
	go h.reap()
	return h.serve()
}

// serve stays on one thread: that enters cgroups, and children get a signal when it ends.
// It is not the process's first, in whose cgroup the memory of all threads is counted.
func (h *helper) serve() error {
	runtime.LockOSThread()
	if unix.Gettid() == os.Getpid() {
		ended := make(chan error)
		go func() { ended <- h.serve() }() // while this thread is locked, another one is found
		return <-ended
	}
	packet, rights := make([]byte, mostOrder), make([]byte, unix.CmsgSpace(4*mostFiles))
	for {
		n, m, _, _, err := unix.Recvmsg(h.socket, packet, rights, unix.MSG_CMSG_CLOEXEC)
		switch {
		case err == unix.EINTR:
		case err != nil:
			return fmt.Errorf("spawn: %w", err)
		case n == 0:
			return nil
		default:
			if err := h.obey(packet[:n], rights[:m]); err != nil {
				return fmt.Errorf("spawn: %w", err)
			}
		}
	}
}

// obey starts a process and answers. After an error the helper can't go on.
func (h *helper) obey(packet, rights []byte) error {
	files, err := received(rights)
	defer func() {
		for _, file := range files {
			unix.Close(file)
		}
	}()
	var o order
	if err == nil {
		err = json.Unmarshal(packet, &o)
	}
	if n := o.Files + o.Doors + o.Homes + count(o.Root) + count(o.Network); err == nil && len(files) != n {
		err = fmt.Errorf("%d files came with an order of %d", len(files), n)
	}
	if err != nil {
		return err
	}
	h.turn.Lock()
	defer h.turn.Unlock()
	homes, namespaces := files[o.Files+o.Doors:][:o.Homes], files[o.Files+o.Doors+o.Homes:]
	if err := h.place.enter(namespaces); err != nil {
		if err := h.place.leave(); err != nil {
			return fmt.Errorf("leave namespaces: %w", err)
		}
		return h.tell(failed("enter namespaces", err), nil)
	}
	answer, handle := start(&o, files[:o.Files], files[o.Files:][:o.Doors])
	if handle >= 0 {
		defer unix.Close(handle)
	}
	if err := pass(homes); err != nil {
		return fmt.Errorf("leave cgroup: %w", err)
	}
	if len(namespaces) > 0 {
		if err := h.place.leave(); err != nil {
			return fmt.Errorf("leave namespaces: %w", err)
		}
	}
	if handle < 0 {
		return h.tell(answer, nil)
	}
	select {
	case h.started <- struct{}{}:
	default:
	}
	return h.tell(answer, unix.UnixRights(handle))
}

// start forks on this thread, and leaves it in the process's cgroup. There is no handle if it fails.
func start(o *order, files, doors []int) (answer notice, handle int) {
	o.Attributes.PidFD = &handle
	if len(doors) == 1 && isFolder(doors[0]) {
		o.Attributes.UseCgroupFD, o.Attributes.CgroupFD = true, doors[0]
	} else if err := pass(doors); err != nil {
		return failed("enter cgroup", err), -1
	}
	descriptors := make([]uintptr, 0, len(files))
	for _, file := range files {
		descriptors = append(descriptors, uintptr(file))
	}
	if o.Owner != 0 {
		if err := assume(o.Owner); err != nil {
			return failed("assume owner", err), -1
		}
		defer resign()
	}
	_ = unix.Prctl(unix.PR_SET_TIMERSLACK, uintptr(cmp.Or(o.Slack, usualSlack)), 0, 0, 0)
	pid, err := syscall.ForkExec(o.Path, o.Args, &syscall.ProcAttr{Dir: o.Dir, Env: o.Env, Files: descriptors, Sys: o.Attributes})
	if err != nil {
		return failed("fork and exec", err), -1
	}
	return notice{PID: pid}, handle
}

func failed(step string, err error) notice {
	errno, _ := err.(syscall.Errno)
	return notice{Fault: step, Errno: errno}
}

func isFolder(file int) bool {
	var info unix.Stat_t
	return unix.Fstat(file, &info) == nil && info.Mode&unix.S_IFMT == unix.S_IFDIR
}

// pass moves the calling thread through all doors: "0" is whoever writes it.
func pass(doors []int) (first error) {
	for _, door := range doors {
		if _, err := unix.Write(door, []byte("0")); err != nil && first == nil {
			first = err
		}
	}
	return first
}

// reap tells of children that have ended.
func (h *helper) reap() {
	for {
		switch err := unix.Waitid(unix.P_ALL, 0, nil, unix.WEXITED|unix.WNOWAIT, nil); err {
		case unix.EINTR:
		case nil:
			h.collect()
		default: // there are none
			<-h.started
		}
	}
}

func (h *helper) collect() {
	h.turn.Lock()
	defer h.turn.Unlock()
	for {
		var status syscall.WaitStatus
		var usage syscall.Rusage
		pid, err := syscall.Wait4(-1, &status, syscall.WNOHANG, &usage)
		if pid <= 0 || err != nil {
			return
		}
		end := End{Status: status, User: time.Duration(usage.Utime.Nano()), System: time.Duration(usage.Stime.Nano())}
		_ = h.tell(notice{PID: pid, Ended: &end}, nil) // else the node has gone, and we go too
	}
}

func (h *helper) tell(n notice, rights []byte) error {
	packet, err := json.Marshal(n)
	if err != nil {
		return err
	}
	for {
		if err = unix.Sendmsg(h.socket, packet, rights, nil, unix.MSG_NOSIGNAL); err != unix.EINTR {
			return err
		}
	}
}

func received(rights []byte) (files []int, err error) {
	messages, err := unix.ParseSocketControlMessage(rights)
	for _, m := range messages {
		more, err := unix.ParseUnixRights(&m)
		if err != nil {
			return files, err
		}
		files = append(files, more...)
	}
	return files, err
}
