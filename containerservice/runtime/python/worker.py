# The worker of the python3 runtime: see docs/native-protocol.md for what it
# speaks, and the package's doc for what it promises. It imports as little as it
# can: every import here is part of every cold start.
import contextvars
import importlib.machinery
import io
import json
import os
import struct
import sys
import threading
import time

INVOKE, CANCEL, READY, LOAD_ERROR, RESULT, ERROR, LOG, LOAD, WAITING = range(1, 10)
HEADER = struct.Struct(">IBQ")
LOG_CHUNK = 8192
MAX_THREADS = 512

fd = int(os.environ.pop("MINIFAAS_FD"))
os.set_inheritable(fd, False)
requests = open(fd, "rb", buffering=65536)
sending = threading.Lock()
current = contextvars.ContextVar("call")  # the Call whose code is running


def send(kind, call, payload=b""):
    frame = HEADER.pack(len(payload), kind, call)
    frame = [frame + payload] if len(payload) < 65536 else [frame, payload]
    with sending:
        for part in frame:
            view = memoryview(part)
            while view:
                view = view[os.write(fd, view):]


class Output(io.RawIOBase):
    """stdout or stderr: goes to the call that writes, or to the descriptor."""

    def __init__(self, number):
        self.number = number

    def fileno(self):
        return self.number

    def writable(self):
        return True

    def write(self, data):
        data = bytes(data)
        call = current.get(None)
        if call:
            call.log(data)
        else:
            os.write(self.number, data)
        return len(data)


class Call:
    """One invocation; to the handler it is the context."""

    function_name = invoked_function_arn = ""
    function_version = "$LATEST"
    memory_limit_mb = memory_limit_in_mb = 0

    def __init__(self, number, head):
        self._number = number
        self._deadline = head["deadline_ms"] / 1000
        self._lines = bytearray()
        self.request_id = self.aws_request_id = head["request_id"]

    def get_remaining_time_in_millis(self):
        return max(0, int((self._deadline - time.time()) * 1000))

    def log(self, data):
        self._lines += data
        if self._lines.endswith(b"\n") or len(self._lines) > LOG_CHUNK:
            self.flush()

    def flush(self):
        if self._lines:
            lines, self._lines = self._lines, bytearray()
            send(LOG, self._number, lines)


def decode(event):
    try:
        return json.loads(event)
    except ValueError:
        pass
    try:
        return event.decode()
    except UnicodeDecodeError:
        return event


def encode(result):
    if isinstance(result, (bytes, bytearray, memoryview)):
        return bytes(result)
    if isinstance(result, str):
        return result.encode()
    return json.dumps(result).encode()


def failure(error):
    import traceback

    trace = error.__traceback__
    while trace and trace.tb_frame.f_globals["__name__"].partition(".")[0] in ("__main__", "importlib"):
        trace = trace.tb_next  # the worker's own frames say nothing
    kind = type(error)
    lines = traceback.format_exception(kind, error, trace)
    name = kind.__qualname__ if kind.__module__ in ("builtins", "__main__") else f"{kind.__module__}.{kind.__qualname__}"
    return json.dumps({"errorType": name, "errorMessage": str(error), "stackTrace": "".join(lines)}).encode()


def finish(call, outcome, payload):
    call.flush()
    send(outcome, call._number, payload)


def read():
    """Returns the next frame; ends the process when there is no agent any more."""
    head = requests.read(HEADER.size)
    if len(head) < HEADER.size:
        os._exit(0)
    size, kind, number = HEADER.unpack(head)
    payload = requests.read(size) if size else b""
    if len(payload) < size:
        os._exit(0)
    return kind, number, payload


def split(number, payload):
    line, _, event = payload.partition(b"\n")
    return Call(number, json.loads(line)), event


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


def assume(function):
    """Makes the process one of the function: its environment, its folder."""
    os.environ.update(function["environment"])
    Call.function_name = os.environ.get("FUNCTION_NAME", "")
    Call.memory_limit_mb = Call.memory_limit_in_mb = int(os.environ.get("MEMORY_LIMIT_MB", "0"))
    os.chdir(function["code_dir"])
    sys.path[0] = function["code_dir"]


def load(path):
    module, dot, name = path.replace("/", ".").rpartition(".")
    if not dot:
        raise LookupError(f"handler {path!r} is not of the form module.function")
    code = importlib.import_module(module)
    handler = getattr(code, name, None)
    if not callable(handler):
        raise LookupError(f"module {module!r} has no function {name!r}")
    return handler


def main():
    for number, name in ((1, "stdout"), (2, "stderr")):
        stream = io.TextIOWrapper(Output(number), "utf-8", "backslashreplace", write_through=True)
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
    sys.meta_path.append(Site)
    send(WAITING, 0)
    _, _, payload = read()  # LOAD: nothing else comes before READY
    try:
        function = json.loads(payload)
        assume(function)
        handler = load(function["handler"])
        code = handler if hasattr(handler, "__code__") else type(handler).__call__
        coroutine = getattr(getattr(code, "__code__", None), "co_flags", 0) & 0x80  # inspect.CO_COROUTINE
        server = (Loop if coroutine else Threads)(handler)
    except BaseException as error:
        send(LOAD_ERROR, 0, failure(error))
        os._exit(1)
    send(READY, 0)
    server.serve()


main()
