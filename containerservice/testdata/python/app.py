# A function for tests: it does what its event says.
import os
import subprocess
import sys
import threading
import time

print("loading")


def handler(event, context):
    verb, _, arg = event.partition(" ")
    if verb == "echo":
        return arg
    if verb == "pid":
        return str(os.getpid())
    if verb == "id":
        return context.request_id
    if verb == "deadline":
        return str(context.get_remaining_time_in_millis())
    if verb == "sleep":
        time.sleep(int(arg) / 1000)
        return "slept"
    if verb == "fail":
        raise PermissionError(arg)
    if verb == "exit":
        os._exit(int(arg))
    if verb == "print":
        print(arg)
    if verb == "chatter":  # lines of its own among those of others
        for i in range(20):
            print(arg, i, file=sys.stdout if i % 2 else sys.stderr)
            time.sleep(0.001)
    if verb == "child":
        subprocess.run(["/bin/sh", "-c", "echo from a child"])
    if verb == "flood":
        for _ in range(int(arg)):
            sys.stdout.write("x" * (1 << 20) + "\n")
    if verb == "big":
        return bytes(int(arg))
    if verb == "touch":
        bytearray(b"x") * (int(arg) << 20)
        return "touched"
    if verb == "hold":  # for 0.3 s
        held = [bytearray(b"x") * (int(arg) << 20)]
        threading.Timer(0.3, held.clear).start()
        return "held"


def typed(event, context):
    return {"event": event, "type": type(event).__name__}


def identity(event, context):
    return event


async def coroutine(event, context):
    import asyncio

    verb, _, arg = event.partition(" ")
    if verb == "sleep":
        await asyncio.sleep(int(arg) / 1000)
    if verb == "fail":
        raise PermissionError(arg)
    print(arg)
    return event


not_callable = 1
