# The first part of the python3 runtime's worker: what it says and hears, by
# docs/native-protocol.md, and what a call is. It imports as little as it can: every
# import here is part of every cold start.
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

fd = requests = None  # the socket, and a reader of it: see connect
sending = threading.Lock()
current = contextvars.ContextVar("call")  # the Call whose code is running


def connect():
    global fd, requests
    fd = int(os.environ.pop("MINIFAAS_FD"))
    os.set_inheritable(fd, False)
    requests = open(fd, "rb", buffering=65536, closefd=False)  # a fork connects anew


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


