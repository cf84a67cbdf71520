# The zygote: an interpreter outside of all sandboxes, whose forks become the
# workers of one tenant's containers. It runs this file and modules of its own
# installation, never anything of a function. The node starts it as root, in mount
# and network namespaces of its own, and speaks to it over descriptor 3, in packets:
#
#   1. configuration (JSON), answered by "ok" when the modules are there, or by what is wrong;
#   2. for each worker "fork", with descriptors: the sandbox's first process, the worker's
#      socket, its output, and the cgroup's folder (version 2) or its "tasks" files
#      (version 1); answered by "ok" when the worker is in the sandbox, or by what is wrong.
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

CLONE_INTO_CGROUP = 0x200000000
CLONE_NEWPID = 0x20000000
# Those of a sandbox, but for the processes': mounts, host name, ipc, user, network.
NAMESPACES = 0x00020000 | 0x04000000 | 0x08000000 | 0x10000000 | 0x40000000
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


def make_readonly():
    """No import may write a file, nor a worker find one that can be written through what it has mapped."""
    rdonly_nosuid = struct.pack("QQQQ", 1 | 2, 0, 0, 0)
    syscall(MOUNT_SETATTR, -100, b"/", 0x8000, rdonly_nosuid, len(rdonly_nosuid))


def preload(modules):
    for name in modules:
        try:
            __import__(name)
        except ModuleNotFoundError:
            import site  # left out at the start, as in the worker

            site.main()
            __import__(name)
    if len(os.listdir("/proc/self/task")) > 1:
        raise RuntimeError("a module has started a thread, which no fork takes along")


def clone(group):
    """Forks into the cgroup whose folder that is. The child must fork, or end."""
    flags = 0 if group is None else CLONE_INTO_CGROUP
    arguments = struct.pack("11Q", flags, 0, 0, 0, signal.SIGCHLD, 0, 0, 0, 0, 0, group or 0)
    return syscall(CLONE3, arguments, len(arguments))


def spawn(sandbox, connection, output, *groups):
    """Forks a worker into the sandbox; returns True in the worker. The worker's parent
    must be in the sandbox too, so that it is the sandbox's first process which inherits
    it: so there is one between, which is born there."""
    folder = next((g for g in groups if stat.S_ISDIR(os.fstat(g).st_mode)), None)
    check(libc.setns(sandbox, CLONE_NEWPID))
    child = clone(folder)
    if child:
        check(libc.setns(home, CLONE_NEWPID))
        if os.waitpid(child, 0)[1]:
            raise RuntimeError("the worker did not get into the sandbox")  # it has said why
        return False
    try:
        if folder is None:
            for tasks in groups:
                os.write(tasks, b"0")
        check(libc.setns(sandbox, NAMESPACES))
        os.setgroups([])
        os.setresgid(0, 0, 0)
        os.setresuid(0, 0, 0)
        if os.fork():
            os._exit(0)
        take_descriptors(connection, output)
        confine()
        while os.getppid() != 1:  # the agent adopts what it has inherited
            time.sleep(0.0002)
        return True
    except BaseException as error:
        try:
            os.write(2, f"enter sandbox: {error}\n".encode())
        finally:  # whatever happens, nothing half shut in goes on
            os._exit(1)


def take_descriptors(connection, output):
    os.setsid()
    node.detach()  # 3 is going to be another
    null = os.open("/dev/null", os.O_RDONLY)
    for source, target in ((null, 0), (output, 1), (output, 2), (connection, 3)):
        if source != target:
            os.dup2(source, target)
    syscall(CLOSE_RANGE, 4, 0xFFFFFFFF, 0)
    os.environ["MINIFAAS_FD"] = "3"


def confine():
    """Takes all rights away; see package jail."""
    for limit in confinement["limits"]:
        hard = resource.getrlimit(limit["resource"])[1]
        value = limit["value"] if hard == resource.RLIM_INFINITY else min(limit["value"], hard)
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


def reseed():
    """What the standard library does by itself, for those who do not."""
    if "numpy.random" in sys.modules:
        sys.modules["numpy.random"].seed()


def serve():
    """Returns in a worker."""
    node.send(b"ok")
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


def become_worker():
    """What the function's code can find by name is the worker's."""
    reseed()
    sys.modules["__main__"] = worker
    worker.main()


node = socket.socket(fileno=3)
home = os.open("/proc/self/ns/pid", os.O_RDONLY)
try:
    make_readonly()
    configuration = json.loads(node.recv(1 << 20))
    confinement = configuration["confinement"]
    filters = base64.b64decode(confinement["filter"])
    # The kernel names its last capability by refusing the next.
    capabilities = next(n for n in range(64) if libc.prctl(PR_CAPBSET_READ, n, 0, 0, 0) < 0)
    worker = type(sys)("__main__")
    exec(compile(configuration["worker"], "<stdin>", "exec"), worker.__dict__)
    preload(configuration["preload"])
except BaseException as error:
    node.send(f"{type(error).__name__}: {error}".encode())
    os._exit(1)
gc.collect()
gc.freeze()  # a collection in a worker writes to no page that it shares
serve()
become_worker()
