# A function's zygote, in one module with the worker and enter.py: an interpreter in a
# sandbox of its own, which is shut in but for the right to enter the sandboxes that were
# made for this function. It initialises the function as a worker does; its forks go on
# from there in these sandboxes. The node speaks to it over descriptor 4, in packets:
#
#   1. how forks shut themselves in (JSON);
#   2. "fork", as to a tenant's zygote, but for the first process come the files of its
#      namespaces, and the cgroup as files to write to in any case.
#
# What runs here after initialisation may have been replaced by the function's code: all
# that it must not do is forbidden to the process, and nothing is believed that it says.

# The types of a sandbox's namespaces, in the sequence in which they come and are entered:
# users, mounts, host name, ipc, network, processes.
TYPES = (0x10000000, 0x00020000, 0x04000000, 0x08000000, 0x40000000, CLONE_NEWPID)


def spawn(connection, output, *rest):
    """Forks a worker into the sandbox; returns True in the worker. It takes one process that
    enters, one that is born in there, and the worker, which outlives both."""
    received = (connection, output, *rest)
    namespaces, groups = rest[:len(TYPES)], rest[len(TYPES):]
    if min(received) <= 3:
        raise RuntimeError("the function has closed standard descriptors")
    child = os.fork()
    if child:
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if status:
            raise RuntimeError(f"the worker did not get into the sandbox: {os.strerror(status)}")
        return False
    try:
        for tasks in groups:
            os.write(tasks, b"0")
        for file, kind in zip(namespaces, TYPES):
            check(libc.setns(file, kind))
        take_root()
        between = os.fork()
        if between:
            os._exit(os.waitstatus_to_exitcode(os.waitpid(between, 0)[1]) & 0xFF)
        become_worker(connection, output, lambda: [os.close(file) for file in (4, *received)])
        return True
    except BaseException as error:
        fail(error)


def run():
    node = socket.socket(fileno=4)
    node.set_inheritable(False)
    take_output()
    sys.meta_path.append(Site)
    greet()
    rehearse()
    try:
        function = hear()
        configure(json.loads(node.recv(1 << 20)))
        loaded = initialise(function)
        check_alone()
    except BaseException as error:
        refuse(error)
    send(READY, 0)
    serve(node, spawn)
    node.detach()
    reseed()
    os.environ.pop("MINIFAAS_PROCESS", None)  # it is another agent's mark
    greet()
    try:
        now, before = hear(), function["environment"]
        know({name: value for name, value in now["environment"].items() if before.get(name) != value})
        os.chdir(now["code_dir"])
        server = begin(now, *loaded)
    except BaseException as error:
        refuse(error)
    send(READY, 0)
    server.serve()


run()
