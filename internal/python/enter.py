# What both kinds of zygote have in common, in one module with either: how a fork takes
# all rights from itself, and becomes a worker, once it is in a sandbox.
import sys

# The first place where modules are looked for is the folder that it was started in: with
# the host's root there, any folder of the host would be a package, a tenant's too.
sys.path[:] = [place for place in sys.path if place not in ("", "/", ".")]

import base64
import ctypes
import gc
import json
import os
import resource
import signal
import socket
import stat
import struct
import time

CLONE_NEWPID = 0x20000000
# System calls that the C library may have no function for; the same on all machines.
CLONE3, CLOSE_RANGE, MOUNT_SETATTR, LANDLOCK_CREATE, LANDLOCK_ADD, LANDLOCK_RESTRICT = 435, 436, 442, 444, 445, 446
PR_SET_DUMPABLE, PR_SET_SECCOMP, PR_CAPBSET_READ, PR_CAPBSET_DROP = 4, 22, 23, 24
PR_SET_SECUREBITS, PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL = 28, 38, 47, 4
CAPABILITY_VERSION = 0x20080522

# Unlike CDLL it keeps the interpreter's lock: a clone must find it as it was.
libc = ctypes.PyDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
libc.prctl.argtypes = [ctypes.c_int, *[ctypes.c_ulong] * 4]


def check(result):
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def syscall(number, *arguments):
    return check(libc.syscall(ctypes.c_long(number), *(ctypes.c_long(a) if isinstance(a, int) else a for a in arguments)))


def prctl(option, first, second=0):
    check(libc.prctl(option, first, second, 0, 0))


def become_worker(connection, output, release):
    """Goes on in a worker of the sandbox that this process was born in. The worker's parent
    must be in there too, so that it is the sandbox's first process which inherits it.
    release closes the zygote's own descriptors."""
    if os.fork():
        os._exit(0)
    # Libraries (OpenSSL) take a process of the same number for the same one, and would
    # draw the same random numbers again.
    if os.getpid() == origin and os.fork():
        os._exit(0)
    os.setsid()
    null = os.open("/dev/null", os.O_RDONLY)
    for source, target in ((null, 0), (output, 1), (output, 2), (connection, 3)):
        if source != target:
            os.dup2(source, target)
    if null > 3:
        os.close(null)
    release()
    os.environ["MINIFAAS_FD"] = "3"
    confine()
    while os.getppid() != 1:  # the agent adopts what it has inherited
        time.sleep(0.0002)


def fail(error):
    """Ends a process that is half shut in, whatever happens."""
    try:
        os.write(2, f"enter sandbox: {error}\n".encode())
    finally:
        os._exit(getattr(error, "errno", None) or 1)


def take_root():
    os.setgroups([])
    os.setresgid(0, 0, 0)
    os.setresuid(0, 0, 0)


def configure(configuration):
    global confinement, filters, capabilities, origin
    origin = os.getpid()
    confinement = configuration["confinement"]
    filters = base64.b64decode(confinement["filter"])
    # The kernel names its last capability by refusing the next.
    capabilities = next(n for n in range(64) if libc.prctl(PR_CAPBSET_READ, n, 0, 0, 0) < 0)


def reseed():
    """What the standard library does by itself, for those who do not."""
    if "numpy.random" in sys.modules:
        sys.modules["numpy.random"].seed()


def check_alone():
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        pass
    else:
        raise RuntimeError("a module has started a process, which would be no fork's child")
    if len(os.listdir("/proc/self/task")) > 1:
        raise RuntimeError("a module has started a thread, which no fork takes along")


def serve(node, spawn):
    """Forks as the node asks for it; returns in a worker."""
    gc.collect()
    gc.freeze()  # a collection in a worker writes to no page that it shares
    while True:
        request, received, _, _ = socket.recv_fds(node, 16, 16)
        if not request:
            os._exit(0)  # the node is gone, or wants no more
        try:
            if spawn(*received):
                return
            answer = b"ok"
        except Exception as error:
            answer = f"{type(error).__name__}: {error}".encode()
        for file in received:
            os.close(file)
        node.send(answer)


def confine():
    """Takes all rights away; see package jail."""
    for limit in confinement["limits"]:
        hard = resource.getrlimit(limit["resource"])[1]
        value = limit["value"] if hard == resource.RLIM_INFINITY else min(limit["value"], hard)
        if resource.getrlimit(limit["resource"]) != (value, value):  # to set it as it is may be refused
            resource.setrlimit(limit["resource"], (value, value))
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    for capability in range(capabilities):
        prctl(PR_CAPBSET_DROP, capability)
    prctl(PR_SET_SECUREBITS, confinement["securebits"])
    restrict_files(**confinement["files"])
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL)
    check(libc.capset(struct.pack("=II", CAPABILITY_VERSION, 0), bytes(24)))
    # Its memory is open to its own processes, as after the start of a program.
    prctl(PR_SET_DUMPABLE, 1)
    program = ctypes.create_string_buffer(filters)
    header = ctypes.create_string_buffer(struct.pack("HP", len(filters) // 8, ctypes.addressof(program)))
    prctl(PR_SET_SECCOMP, 2, ctypes.addressof(header))


def restrict_files(handled, scoped, of_file, rules):
    if not handled:
        return
    attributes = struct.pack("=QQQ", handled, 0, scoped)
    rule_set = syscall(LANDLOCK_CREATE, attributes, len(attributes), 0)
    # The interpreter's own program is that of the host: /proc/self/exe leads there.
    own = {"rights": rules[0]["rights"], "paths": ["/proc/self/exe"]}
    for rule in [*rules, own]:
        for path in rule["paths"]:
            try:
                file = os.open(path, os.O_PATH)
            except FileNotFoundError:
                continue
            folder = stat.S_ISDIR(os.fstat(file).st_mode)
            rights = rule["rights"] if folder else rule["rights"] & of_file
            if rights:
                syscall(LANDLOCK_ADD, rule_set, 1, struct.pack("=Qi", rights, file), 0)
            os.close(file)
    syscall(LANDLOCK_RESTRICT, rule_set, 0)
    os.close(rule_set)
