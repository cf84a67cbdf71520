package spawn

import (
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
	// is heard of before its beginning.
	turn sync.Mutex
	// started holds one token when there may be a child to wait for.
	started chan struct{}
}

// Serve is the helper's whole life: it starts what it is told to until the socket ends.
// It is called on the process's first goroutine.
func Serve(socket *os.File) error {
	// Children get a signal when the thread ends that forked them, and it must be the one
	// that enters cgroups.
	runtime.LockOSThread()
	if err := unix.CloseRange(3, math.MaxUint32, unix.CLOSE_RANGE_CLOEXEC); err != nil {
		return fmt.Errorf("close files on exec: %w (needs Linux 5.11 or newer)", err)
	}
	h := &helper{socket: int(socket.Fd()), started: make(chan struct{}, 1)}
	go h.reap()
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

// obey starts a process and answers; an error means that nobody can be answered.
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
	if n := o.Files + o.Doors + o.Homes; err == nil && len(files) != n {
		err = fmt.Errorf("%d files came with an order of %d", len(files), n)
	}
	if err != nil {
		return err
	}
	h.turn.Lock()
	defer h.turn.Unlock()
	pid, handle, err := start(&o, files)
	if err != nil {
		errno, _ := err.(*os.SyscallError).Err.(syscall.Errno)
		return h.tell(notice{Fault: err.(*os.SyscallError).Syscall, Errno: errno}, nil)
	}
	defer unix.Close(handle)
	select {
	case h.started <- struct{}{}:
	default:
	}
	return h.tell(notice{PID: pid}, unix.UnixRights(handle))
}

// start forks on this thread, which is in the process's cgroup meanwhile. Its errors are
// of type *os.SyscallError.
func start(o *order, files []int) (pid, handle int, err error) {
	files, doors := files[:o.Files], files[o.Files:]
	doors, homes := doors[:o.Doors], doors[o.Doors:]
	o.Attributes.PidFD = &handle
	if len(doors) == 1 && isFolder(doors[0]) {
		o.Attributes.UseCgroupFD, o.Attributes.CgroupFD = true, doors[0]
		doors = nil
	}
	descriptors := make([]uintptr, 0, len(files))
	for _, file := range files {
		descriptors = append(descriptors, uintptr(file))
	}
	err = pass(doors)
	if err == nil {
		pid, err = syscall.ForkExec(o.Path, o.Args, &syscall.ProcAttr{Dir: o.Dir, Env: o.Env, Files: descriptors, Sys: o.Attributes})
		err = os.NewSyscallError("start "+o.Path, err)
	}
	if left := pass(homes); left != nil && err == nil {
		_ = unix.PidfdSendSignal(handle, unix.SIGKILL, nil, 0)
		unix.Close(handle)
		err = left
	}
	return pid, handle, err
}

func isFolder(file int) bool {
	var info unix.Stat_t
	return unix.Fstat(file, &info) == nil && info.Mode&unix.S_IFMT == unix.S_IFDIR
}

// pass moves the calling thread through the doors: "0" is whoever writes it.
func pass(doors []int) error {
	var first error
	for _, door := range doors {
		if _, err := unix.Write(door, []byte("0")); err != nil && first == nil {
			first = os.NewSyscallError("enter cgroup", err)
		}
	}
	return first
}

// reap tells of children that have ended.
func (h *helper) reap() {
	for {
		var status syscall.WaitStatus
		var usage syscall.Rusage
		pid, err := syscall.Wait4(-1, &status, 0, &usage)
		switch err {
		case syscall.EINTR:
			continue
		case nil:
		default: // there are none
			<-h.started
			continue
		}
		end := End{Status: status, User: time.Duration(usage.Utime.Nano()), System: time.Duration(usage.Stime.Nano())}
		h.turn.Lock()
		_ = h.tell(notice{PID: pid, Ended: &end}, nil) // else the node has gone, and we go too
		h.turn.Unlock()
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
