# The second part of the python3 runtime's worker, in one module with protocol.py: the
# function, and what runs it. The package's doc says what it promises.


async def awaited(result):
    return await result


class Threads:
    """Plain handlers. One thread reads; the one that has read an invocation lets
    another read and runs it itself, which saves a hand-over for every call."""

    def __init__(self, handler):
        self.handler = handler
        self.reading = threading.Lock()
        self.count = threading.Lock()
        self.idle = self.total = 0

    def serve(self):
        self.total = 1
        self.loop()

    def loop(self):
        while True:
            with self.count:
                self.idle += 1
            with self.reading:
                kind, number, payload = read()
                while kind != INVOKE:  # a plain handler can't be canceled
                    kind, number, payload = read()
                with self.count:
                    self.idle -= 1
                    grow = self.idle == 0 and self.total < MAX_THREADS
                    self.total += grow
            if grow:
                threading.Thread(target=self.loop, daemon=True).start()
            self.run(number, payload)

    def run(self, number, payload):
        call, event = split(number, payload)
        token = current.set(call)
        try:
            result = self.handler(decode(event), call)
            if hasattr(result, "__await__"):  # a decorator hid the coroutine function
                import asyncio

                result = asyncio.run(awaited(result))
            outcome, payload = RESULT, encode(result)
        except BaseException as error:
            outcome, payload = ERROR, failure(error)
        finally:
            current.reset(token)
        finish(call, outcome, payload)


class Loop:
    """Coroutine handlers, all on one event loop."""

    def __init__(self, handler):
        import asyncio

        self.asyncio = asyncio
        self.handler = handler
        self.loop = asyncio.new_event_loop()
        self.tasks = {}

    def serve(self):
        threading.Thread(target=self.read, daemon=True).start()
        self.asyncio.set_event_loop(self.loop)
        self.loop.run_forever()

    def read(self):
        while True:
            kind, number, payload = read()
            if kind == INVOKE:
                self.loop.call_soon_threadsafe(self.start, number, payload)
            elif kind == CANCEL:
                self.loop.call_soon_threadsafe(self.cancel, number)

    def start(self, number, payload):
        call, event = split(number, payload)
        task = self.tasks[number] = self.loop.create_task(self.run(number, call, event))
        # One that is canceled before its first step never gets into run.
        task.add_done_callback(lambda task: task.cancelled() and self.end(number, call, ERROR, failure(self.asyncio.CancelledError())))

    def cancel(self, number):
        if number in self.tasks:
            self.tasks[number].cancel()

    async def run(self, number, call, event):
        current.set(call)  # in the task's own context
        try:
            outcome, payload = RESULT, encode(await self.handler(decode(event), call))
        except BaseException as error:
            outcome, payload = ERROR, failure(error)
        self.end(number, call, outcome, payload)

    def end(self, number, call, outcome, payload):
        del self.tasks[number]
        finish(call, outcome, payload)


class Site:
    """The last finder: makes the site's packages importable when one is asked for."""

    done = False
    adding = threading.RLock()

    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if path is not None or not sys.flags.no_site:
            return None
        # Others may import meanwhile, so it stays among the finders; the limit is for
        # one that waits for what this one imports.
        if cls.adding.acquire(timeout=5):
            try:
                if not cls.done:
                    cls.done = True
                    import site

                    site.main()
            finally:
                cls.adding.release()
        return importlib.machinery.PathFinder.find_spec(name)


def preload(modules):
    """Imports modules of the installation: nothing of the function's can be found yet."""
    for module in modules:
        importlib.import_module(module)


def know(environment):
    os.environ.update(environment)
    Call.function_name = os.environ.get("FUNCTION_NAME", "")
    Call.memory_limit_mb = Call.memory_limit_in_mb = int(os.environ.get("MEMORY_LIMIT_MB", "0"))


def assume(function):
    """Makes the process one of the function: its environment, its folder."""
    know(function["environment"])
    os.chdir(function["code_dir"])
    if sys.path[0] in ("", "/"):  # where it was started; a zygote's fork has no such place
        del sys.path[0]
    sys.path.insert(0, function["code_dir"])


def load(path):
    name, dot, attribute = path.replace("/", ".").rpartition(".")
    if not dot:
        raise LookupError(f"handler {path!r} is not of the form module.function")
    module = importlib.import_module(name)
    handler = getattr(module, attribute, None)
    if not callable(handler):
        raise LookupError(f"module {name!r} has no function {attribute!r}")
    return module, handler


def initialise(function):
    preload(function.get("preload", ()))
    assume(function)
    return load(function["handler"])


def restore(module):
    """Calls the function's own hook, in which it does anew what is not to be the same in
    every container: in one that was initialised itself, too."""
    hook = getattr(module, "after_restore", None)
    result = hook() if hook is not None else None
    if hasattr(result, "__await__"):
        import asyncio

        asyncio.run(awaited(result))


def begin(function, module, handler):
    """Returns what serves the function, whose initialisation is done."""
    if function.get("snapshot"):
        restore(module)
    code = handler if hasattr(handler, "__code__") else type(handler).__call__
    coroutine = getattr(getattr(code, "__code__", None), "co_flags", 0) & 0x80  # inspect.CO_COROUTINE
    return (Loop if coroutine else Threads)(handler)


def rehearse():
    """Does what the first call takes, which then finds the pages its own."""
    call, event = split(0, b'{"request_id": "", "deadline_ms": 0}\n{}')
    token = current.set(call)
    encode(decode(event))
    current.reset(token)
    HEADER.pack(0, RESULT, 0)


def take_output():
    for number, name in ((1, "stdout"), (2, "stderr")):
        stream = io.TextIOWrapper(Output(number), "utf-8", "backslashreplace", write_through=True)
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


def greet():
    connect()
    send(WAITING, 0, str(os.getpid()).encode())


def hear():
    """Returns the function to load: nothing else comes before READY."""
    return json.loads(read()[2])


def refuse(error):
    send(LOAD_ERROR, 0, failure(error))
    os._exit(1)


def main():
    take_output()
    sys.meta_path.append(Site)
    greet()
    rehearse()
    try:
        function = hear()
        server = begin(function, *initialise(function))
    except BaseException as error:
        refuse(error)
    send(READY, 0)
    server.serve()
