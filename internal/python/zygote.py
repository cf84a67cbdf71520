# A tenant's zygote, in one module with enter.py: an interpreter outside of all sandboxes,
# whose forks become the workers of one tenant's containers. It runs this file and modules of its own
# installation, never anything of a function. The node starts it as root, in mount
# and network namespaces of its own, and speaks to it over descriptor 3, in packets:
#
#   1. configuration (JSON), answered by "ok" when the modules are there, or by what is wrong;
#   2. for each worker "fork", with descriptors: the worker's socket, its output, the
#      sandbox's first process, and the cgroup's folder (version 2) or its "tasks" files
#      (version 1); answered by "ok" when the worker is in the sandbox, or by what is wrong.
CLONE_INTO_CGROUP = 0x200000000
# The namespaces of a sandbox, but for the processes': mounts, host name, ipc, user, network.
NAMESPACES = 0x00020000 | 0x04000000 | 0x08000000 | 0x10000000 | 0x40000000


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
    check_alone()


def clone(group):
    """Forks into the cgroup whose folder that is. The child must fork, or end."""
    flags = 0 if group is None else CLONE_INTO_CGROUP
    arguments = struct.pack("11Q", flags, 0, 0, 0, signal.SIGCHLD, 0, 0, 0, 0, 0, group or 0)
    return syscall(CLONE3, arguments, len(arguments))


def spawn(connection, output, sandbox, *groups):
    """Forks a worker into the sandbox; returns True in the worker."""
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
        take_root()
        become_worker(connection, output, release)
        return True
    except BaseException as error:
        fail(error)


def release():
    node.detach()  # its number is another's now
    syscall(CLOSE_RANGE, 4, 0xFFFFFFFF, 0)


node = socket.socket(fileno=3)
home = os.open("/proc/self/ns/pid", os.O_RDONLY)
try:
    make_readonly()
    configuration = json.loads(node.recv(1 << 20))
    configure(configuration)
    worker = type(sys)("__main__")
    exec(compile(configuration["worker"], "<stdin>", "exec"), worker.__dict__)
    preload(configuration["preload"])
except BaseException as error:
    node.send(f"{type(error).__name__}: {error}".encode())
    os._exit(1)
node.send(b"ok")
serve(node, spawn)
reseed()
sys.modules["__main__"] = worker  # what the function's code can find by name is the worker's
worker.main()
