"""A function whose forks do not shut themselves in, and what they may then."""
import ctypes
import errno
import fcntl
import json
import os
import socket
import struct
import sys

libc = ctypes.CDLL(None, use_errno=True)
sys.modules["__main__"].confine = lambda: None


def outcome(attempt, *arguments):
    try:
        result = attempt(*arguments)
    except OSError as error:
        return errno.errorcode[error.errno]
    return errno.errorcode[ctypes.get_errno()] if isinstance(result, int) and result < 0 else "ok"


def handler(event, context):
    status = dict(line.rstrip("\n").split(":", 1) for line in open("/proc/self/status"))
    stream = socket.socket()
    request = struct.pack("16sH14x", b"lo", 0)
    calls = {
        "mount": (None, b"/", None, 0, None), "umount2": (b"/tmp", 0), "chroot": (b"/tmp",), "pivot_root": (b"/", b"/tmp"), "unshare": (0x40000000,), "setns": (0, 0x50000000),
        "sethostname": (b"x", 1), "ptrace": (16, 1, None, None), "process_vm_readv": (1, None, 0, None, 0, 0), "fanotify_init": (0, 0), "swapon": (None, 0),
    }
    found = {name: outcome(getattr(libc, name), *arguments) for name, arguments in calls.items() if hasattr(libc, name)}
    return json.dumps(found | {
        "capabilities": status["CapEff"].strip(),
        "netlink": outcome(socket.socket, socket.AF_NETLINK, socket.SOCK_RAW), "raw": outcome(socket.socket, socket.AF_INET, socket.SOCK_RAW, 1),
        "packet": outcome(socket.socket, socket.AF_PACKET, socket.SOCK_RAW), "interface down": outcome(fcntl.ioctl, stream, 0x8914, request),
        "packet filter": outcome(stream.setsockopt, socket.SOL_IP, 64, b"x" * 128), "transparent": outcome(stream.setsockopt, socket.SOL_IP, 19, 1),
        "device": outcome(os.mknod, "/tmp/device", 0o20666, os.makedev(1, 3)),
        "core limit": outcome(lambda: libc.prlimit(0, 4, (ctypes.c_ulong * 2)(0, 0), None)),
    })
