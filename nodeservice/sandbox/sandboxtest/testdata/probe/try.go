package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// attempts are things to try from inside. Each reports what it found by name.
var attempts = map[string]func() map[string]string{
	"calls":     calls,
	"status":    status,
	"processes": processes,
	"write":     write,
	"fill":      fill,
	"network":   network,
	"fork":      fork,
	"files":     files,
	"crash":     crash,
	"agent":     agent,
	"mounts":    mounts,
}

func try(name string) ([]byte, error) {
	if address, ok := strings.CutPrefix(name, "reach "); ok {
		return json.Marshal(reach(address))
	}
	attempt, ok := attempts[name]
	if !ok {
		return nil, fmt.Errorf("nothing known by the name of %q", name)
	}
	return json.Marshal(attempt())
}

// outcome is "ok" or the name of the error.
func outcome(err error) string {
	if err == nil {
		return "ok"
	}
	if errno, is := errors.AsType[syscall.Errno](err); is {
		return unix.ErrnoName(errno)
	}
	return err.Error()
}

// status is what the kernel says of this process.
func status() map[string]string {
	found := map[string]string{}
	text, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(line, ":")
		found[name] = strings.TrimSpace(value)
	}
	return found
}

// processes are all that can be seen, by pid.
func processes() map[string]string {
	found := map[string]string{}
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range dirs {
		command, _ := os.ReadFile(dir + "/comm")
		found[filepath.Base(dir)] = strings.TrimSpace(string(command))
	}
	return found
}

// write tries to make or change a file in many places.
func write() map[string]string {
	found := map[string]string{}
	for _, path := range []string{
		"/tmp/x", "/dev/shm/x", "/x", "/etc/x", "/etc/passwd", "/usr/x", "/usr/bin/env", "/bin/sh", "/var/x", "/var/task/x",
		"/dev/x", "/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger", "/root/x", "/home/x", "/run/x", "/sys/x",
	} {
		file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE, 0o600)
		found[path] = outcome(err)
		if err == nil {
			file.Close()
		}
	}
	found["remount /"] = outcome(unix.Mount("", "/", "", unix.MS_REMOUNT|unix.MS_BIND, ""))
	return found
}

// fill writes to /tmp until it is full.
func fill() map[string]string {
	file, err := os.Create("/tmp/full")
	if err != nil {
		return map[string]string{"end": outcome(err)}
	}
	defer os.Remove(file.Name())
	defer file.Close()
	chunk, written := make([]byte, 1<<20), 0
	for err == nil && written < 1<<30 {
		var n int
		n, err = file.Write(chunk)
		written += n
	}
	return map[string]string{"end": outcome(err), "mib": fmt.Sprint(written >> 20)}
}

// network tries to get out.
func network() map[string]string {
	found := map[string]string{}
	interfaces, err := net.Interfaces()
	found["interfaces"] = outcome(err)
	if err == nil {
		var names []string
		for _, i := range interfaces {
			names = append(names, i.Name)
		}
		found["interfaces"] = strings.Join(names, " ")
	}
	for _, address := range []string{"192.0.2.1:80", "[2001:db8::1]:80"} {
		conn, err := net.DialTimeout("tcp", address, 2*time.Second)
		found[address] = outcome(err)
		if err == nil {
			conn.Close()
		}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	found["loopback"] = outcome(err)
	if err == nil {
		conn, err := net.DialTimeout("tcp", listener.Addr().String(), 2*time.Second)
		found["loopback"] = outcome(err)
		if err == nil {
			conn.Close()
		}
		listener.Close()
	}
	return found
}

// reach sends a byte to a server that echoes it.
func reach(address string) map[string]string {
	conn, err := net.DialTimeout("tcp", address, 10*time.Second)
	if err == nil {
		defer conn.Close()
		_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
		_, err = conn.Write([]byte("x"))
	}
	if err == nil {
		_, err = conn.Read(make([]byte, 1))
	}
	return map[string]string{"end": outcome(err)}
}

// fork starts processes until it cannot, then ends them.
func fork() map[string]string {
	var children []*exec.Cmd
	defer func() {
		for _, c := range children {
			_ = c.Process.Kill()
			_ = c.Wait()
		}
	}()
	for len(children) < 2000 {
		child := exec.Command("/bin/sleep", "60")
		if err := child.Start(); err != nil {
			return map[string]string{"end": outcome(err), "children": fmt.Sprint(len(children))}
		}
		children = append(children, child)
	}
	return map[string]string{"end": "ok", "children": fmt.Sprint(len(children))}
}

// files are the open files that a child gets, beside its own three.
func files() map[string]string {
	out, err := exec.Command("/bin/sh", "-c", "ls /proc/self/fd").CombinedOutput()
	return map[string]string{"error": outcome(err), "fds": strings.Join(strings.Fields(string(out)), " ")}
}

// crash lets a child die of a signal that dumps core.
func crash() map[string]string {
	err := exec.Command("/bin/sh", "-c", "ulimit -c unlimited 2>/dev/null; kill -SEGV $$").Run()
	found := map[string]string{"signal": "none", "core": "none"}
	if exit, is := errors.AsType[*exec.ExitError](err); is {
		wait := exit.Sys().(syscall.WaitStatus)
		found["signal"], found["core"] = wait.Signal().String(), fmt.Sprint(wait.CoreDump())
	}
	return found
}

// agent tries to reach into the agent.
func agent() map[string]string {
	pid := os.Getppid()
	_, memory := os.OpenFile(fmt.Sprintf("/proc/%d/mem", pid), os.O_RDWR, 0)
	_, environment := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
	_, file := os.Open(fmt.Sprintf("/proc/%d/fd/0", pid))
	return map[string]string{"memory": outcome(memory), "environment": outcome(environment), "file": outcome(file)}
}

// mounts are the flags of every mount.
func mounts() map[string]string {
	found := map[string]string{}
	text, _ := os.ReadFile("/proc/self/mountinfo")
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); len(fields) > 5 {
			found[fields[4]] = fields[5]
		}
	}
	return found
}
