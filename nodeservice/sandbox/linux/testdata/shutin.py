"""What a function's code finds and may in its zygote, before it is forked."""
import ctypes
import errno
import glob
import json
import os
import socket

libc = ctypes.CDLL(None, use_errno=True)


def outcome(attempt, *arguments):
    try:
        result = attempt(*arguments)
    except OSError as error:
        return errno.errorcode[error.errno]
    if isinstance(result, int) and result < 0:
        return errno.errorcode[ctypes.get_errno()]
    return "ok"


def name(path):
    try:
        return open(path).read().strip()
    except OSError:
        return ""


def look():
    status = dict(line.rstrip("\n").split(":", 1) for line in open("/proc/self/status"))
    every, mounts = 0x7C020000 | 0x10000000 & 0xFFFFFFFF, 0x00020000
    helper = os.pidfd_open(1)
    return {
        "other processes": [name(path) for path in glob.glob("/proc/[0-9]*/comm") if path != f"/proc/{os.getpid()}/comm"],
        "capabilities": status["CapEff"].strip(), "bounding": status["CapBnd"].strip(), "no new privileges": status["NoNewPrivs"].strip(), "filters": status["Seccomp_filters"].strip(),
        "enter helper": outcome(libc.setns, helper, every), "enter helper's mounts": outcome(libc.setns, helper, mounts),
        "namespaces of helper": outcome(os.open, "/proc/1/ns/mnt", 0), "memory of helper": outcome(os.open, "/proc/1/mem", 2), "signal helper": outcome(os.kill, 1, 9),
        "host's files": outcome(os.listdir, "/root"), "shadow": outcome(open, "/etc/shadow"), "write /usr": outcome(open, "/usr/x", "w"),
        "write code": outcome(open, "/var/task/x", "w"), "write /tmp": outcome(open, "/tmp/x", "w"),
        "mount": outcome(libc.mount, b"none", b"/tmp", b"tmpfs", 0, None), "unshare": outcome(libc.unshare, mounts), "new user namespace": outcome(libc.unshare, 0x10000000),
        "ptrace": outcome(libc.ptrace, 16, 1, None, None), "netlink": outcome(socket.socket, socket.AF_NETLINK, socket.SOCK_RAW), "become root": outcome(os.setuid, 0),
        "interfaces": [socket.if_indextoname(1), outcome(socket.if_indextoname, 2)],
    }


seen = look() if os.getuid() else {}


def handler(event, context):
    return json.dumps(seen)
