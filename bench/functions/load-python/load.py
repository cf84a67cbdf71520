"""Uses what its event asks for: CPU, memory and time.

    {"cpu_ms": 20, "sleep_ms": 100, "touch_mb": 16}

It computes until the CPU clock of its thread has advanced by cpu_ms, then
holds touch_mb MiB, every page of it touched, while it sleeps for sleep_ms. It
answers what it measured: {"cpu_ms": 20.01, "slept_ms": 100.2, "touched_mb": 16}.

Invocations run in threads: sleeping ones do not hold up others, computing ones
take turns (Python computes in one thread at a time).
"""

import time

PAGE = 4096
MIB = 1 << 20


def handler(event, context):
    used = burn(event.get("cpu_ms", 0))
    held = touch(int(event.get("touch_mb", 0) * MIB))
    begun = time.monotonic()
    time.sleep(event.get("sleep_ms", 0) / 1000)
    slept = time.monotonic() - begun
    return {"cpu_ms": used * 1000, "slept_ms": slept * 1000, "touched_mb": len(held) / MIB}


def burn(ms):
    begun = time.thread_time()
    while ms > 0 and time.thread_time() - begun < ms / 1000:
        x = 1
        for i in range(200):  # some ten microseconds
            x = x * 3 & 0xFFFFFFFF
    return time.thread_time() - begun if ms > 0 else 0


def touch(size):
    held = bytearray(size)
    held[::PAGE] = b"\1" * len(range(0, size, PAGE))
    return held
