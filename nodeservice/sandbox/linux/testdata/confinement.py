"""What a worker finds of its confinement: what it is, what it has, what it may not."""
import ctypes
import errno
import glob
import os
import re
import resource
import socket
import subprocess
import sys

libc = ctypes.CDLL(None, use_errno=True)
NAMED = "Uid Gid Groups Threads CapInh CapPrm CapEff CapBnd CapAmb NoNewPrivs Seccomp Seccomp_filters SigBlk SigIgn SigCgt CoreDumping THP_enabled".split()


def outcome(attempt, *arguments):
    try:
        result = attempt(*arguments)
    except OSError as error:
        return errno.errorcode[error.errno]
    if isinstance(result, int) and result < 0:
        return errno.errorcode[ctypes.get_errno()]
    if hasattr(result, "close"):
        result.close()
    return "ok"


def status():
    lines = dict(line.rstrip("\n").split(":", 1) for line in open("/proc/self/status"))
    return {name: lines[name].strip() for name in NAMED if name in lines}


def descriptors():
    """Number → what it leads to; the last is the folder that is read for this. Nothing comes from the first in any case."""
    found = {"0": sys.stdin.read()}
    for number in set(os.listdir("/proc/self/fd")) - {"0"}:
        try:
            found[number] = re.sub(r"\d+", "N", os.readlink(f"/proc/self/fd/{number}"))
        except FileNotFoundError:
            pass
    return found


def mounts():
    """Mount point → options, file system and its options, but for the user; /var/compiled is not everywhere."""
    lines = [re.sub(r",(uid|gid)=\d+", "", line).split() for line in open("/proc/self/mountinfo")]
    return {fields[4]: fields[5:6] + fields[fields.index("-") + 1:] for fields in lines if fields[4] != "/var/compiled"}


def calls():
    # By number those that all machines have in common.
    numbers = {"pidfd_getfd": 438, "open_tree": 428, "fsopen": 430, "io_uring_setup": 425, "clone3": 435, "mount_setattr": 442, "landlock_create_ruleset": 444}
    found = {name: outcome(libc.syscall, number, -1, 0, 0, 0) for name, number in numbers.items()}
    functions = {
        "mount": (None, b"/", None, 0, None), "umount2": (b"/tmp", 0), "chroot": (b"/",), "unshare": (0x10000000,), "setns": (-1, 0),
        "ptrace": (16, 1 << 22, None, None), "process_vm_readv": (1 << 22, None, 0, None, 0, 0), "personality": (0x0400000,),
        "sethostname": (b"x", 1), "swapon": (None, 0), "reboot": (0,), "fanotify_init": (0, 0), "shmget": (0, 0, 0),
    }
    found.update((name, outcome(getattr(libc, name), *arguments)) for name, arguments in functions.items())
    found["core limit"] = outcome(lambda: libc.prlimit(0, resource.RLIMIT_CORE, (ctypes.c_ulong * 2)(0, 0), None))
    for name, family, kind in (("vsock", 40, socket.SOCK_STREAM), ("packet", 17, socket.SOCK_RAW), ("alg", 38, socket.SOCK_SEQPACKET)):
        found[name] = outcome(socket.socket, family, kind)
    return found


def files():
    paths = ["/tmp/x", "/dev/shm/x", "/x", "/etc/x", "/etc/hosts", "/usr/x", "/bin/sh", "/var/task/x", "/dev/x", "/proc/sysrq-trigger", "/root/x", "/sys/x",
             "/proc/self/exe", "/proc/1/mem", "/proc/self/mem"]
    found = {"write " + path: outcome(open, path, "ab") for path in paths}
    for path in ("/etc/shadow", "/root", "/proc/self/exe", "/proc/1/environ", "/proc/1/fd/0", "/proc/self/environ", "/proc/self/root/root", "/proc/self/cwd/.."):
        found["read " + path] = outcome(os.open, path, os.O_RDONLY)
    return found


def crash():
    child = subprocess.Popen(["/bin/sh", "-c", "ulimit -c unlimited 2>/dev/null; kill -SEGV $$"])
    _, status, _ = os.wait4(child.pid, 0)
    child.returncode = 0
    return {"signal": os.WTERMSIG(status), "core": os.WCOREDUMP(status)}


def interface(index):
    try:
        return socket.if_indextoname(index)  # by ioctl: not everybody has netlink
    except OSError as error:
        return errno.errorcode[error.errno]


def handler(event, context):
    name = socket.gethostname()
    return {
        "status": status(), "descriptors": descriptors(), "mounts": mounts(), "calls": calls(), "files": files(), "crash": crash(),
        "child's": subprocess.run(["/bin/ls", "/proc/self/fd"], capture_output=True, text=True).stdout.split(),
        "limits": open("/proc/self/limits").read().splitlines(),
        "processes": sorted(open(path).read().strip() for path in glob.glob("/proc/[0-9]*/comm")),
        "environment": {k: v for k, v in os.environ.items() if k != "MINIFAAS_PROCESS"},
        "leads its group": os.getpgrp() == os.getpid(), "parent": os.getppid(), "folder": os.getcwd(), "nice": os.nice(0),
        "oom": open("/proc/self/oom_score_adj").read(), "umask": os.umask(0o22), "slack": libc.prctl(30, 0, 0, 0, 0),
        "securebits": libc.prctl(27, 0, 0, 0, 0), "dumpable": libc.prctl(3, 0, 0, 0, 0), "death signal": outcome(os.kill, 1, 0),
        "interfaces": [interface(index) for index in range(1, 4)],
        "out": outcome(socket.create_connection, ("192.0.2.1", 80), 2),
        "names": [name, socket.gethostbyname(name), open("/etc/hostname").read().strip()],
        "python": [sys.path, list(sys.flags), sys.argv, sys.executable, sorted(vars(sys.modules["__main__"]).keys() & {"node", "home", "configuration"})],
    }
