// Uses what its event asks for: CPU, memory and time.
//
//   {"cpu_ms": 20, "sleep_ms": 100, "touch_mb": 16}
//
// It computes until the CPU clock of its thread has advanced by cpu_ms, then
// holds touch_mb MiB, every page of it touched, while it sleeps for sleep_ms. It
// answers what it measured: {"cpu_ms": 20.01, "slept_ms": 100.2, "touched_mb": 16}.
//
// All invocations share one thread. It computes in chunks and lets others
// have a turn in between; the clock is read around each chunk, so that what others
// compute is not counted. Node.js before 22.19 and 23.9 has no clock of the thread: the
// process's stands in, which counts the garbage collector's threads in.
'use strict';

const PAGE = 4096;
const CHUNK_US = 2000;

const clock = process.threadCpuUsage ?? process.cpuUsage;

function cpuMicros() {
  const { user, system } = clock.call(process);
  return user + system;
}

// compute runs until the clock has advanced by about us, and returns by how much it has.
function compute(us) {
  const begun = cpuMicros();
  let used = 0;
  for (let x = 1; used < us; used = cpuMicros() - begun) {
    for (let i = 0; i < 10000; i++) x = (x * 1103515245 + 12345) >>> 0; // some ten microseconds
  }
  return used;
}

async function burn(ms) {
  let left = ms * 1000;
  while (left > 0) {
    left -= compute(Math.min(left, CHUNK_US));
    if (left > 0) await new Promise(setImmediate);
  }
  return ms - left / 1000;
}

function touch(size) {
  const held = Buffer.alloc(size);
  for (let i = 0; i < size; i += PAGE) held[i] = 1;
  return held;
}

exports.handler = async ({ cpu_ms = 0, sleep_ms = 0, touch_mb = 0 }) => {
  const used = await burn(cpu_ms);
  const held = touch(touch_mb * 1024 * 1024);
  const begun = performance.now();
  if (sleep_ms > 0) await new Promise((resolve) => setTimeout(resolve, sleep_ms));
  return { cpu_ms: used, slept_ms: performance.now() - begun, touched_mb: held.length / (1024 * 1024) };
};
