"""The function work of package sandboxtest, in Python."""
import asyncio
import threading
import time


def burn(seconds, stop):
    begun = time.thread_time()
    while time.thread_time() - begun < seconds and not stop.is_set():
        sum(range(1000))


def touch(mebibytes):
    held = bytearray(mebibytes << 20)
    for i in range(0, len(held), 4096):
        held[i] = 1
    return held


async def work(event):
    held = touch(event.get("touch_mb", 0))
    stop = threading.Event()
    try:
        if event.get("cpu_ms"):
            await asyncio.to_thread(burn, event["cpu_ms"] / 1000, stop)
        await asyncio.sleep(event.get("sleep_ms", 0) / 1000)
    finally:
        stop.set()
        del held


async def handler(event, context):
    if event.get("error"):
        raise RuntimeError(event["error"])
    if not event.get("stubborn"):
        return await work(event)
    task = asyncio.create_task(work(event))
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            pass  # it goes on
