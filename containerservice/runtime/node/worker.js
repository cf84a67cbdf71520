// The worker of the nodejs runtime: see docs/native-protocol.md for what it
// speaks, and the package's doc for what it promises.
'use strict';

const { AsyncLocalStorage } = require('node:async_hooks');
const fs = require('node:fs');
const net = require('node:net');
const { basename, join } = require('node:path');
const { Writable } = require('node:stream');

const INVOKE = 1, CANCEL = 2, READY = 3, LOAD_ERROR = 4, RESULT = 5, ERROR = 6, LOG = 7, LOAD = 8, WAITING = 9;
const HEADER = 13;
const fd = Number(process.env.MINIFAAS_FD);
delete process.env.MINIFAAS_FD;

const current = new AsyncLocalStorage(); // the Call whose code is running
const calls = new Map();
const clock = new Int32Array(new SharedArrayBuffer(4));

// write is synchronous: what was printed before a crash arrives, and a function
// that prints without end waits for the agent instead of filling the memory.
function write(to, buffer) {
  for (let done = 0; done < buffer.length;) {
    try {
      done += fs.writeSync(to, buffer, done);
    } catch (e) {
      if (e.code !== 'EAGAIN') process.exit(0); // the agent is gone
      Atomics.wait(clock, 0, 0, 1);
    }
  }
}

function send(type, call, payload) {
  const size = payload.length;
  const frame = Buffer.allocUnsafe(HEADER + (size < 65536 ? size : 0));
  frame.writeUInt32BE(size, 0);
  frame.writeUInt8(type, 4);
  frame.writeBigUInt64BE(call, 5);
  if (size < 65536) {
    frame.set(payload, HEADER);
    write(fd, frame);
  } else {
    write(fd, frame);
    write(fd, payload);
  }
}

class Call {
  constructor(number, head) {
    this.number = number;
    this.abort = new AbortController();
    this.context = {
      requestId: head.request_id,
      awsRequestId: head.request_id,
      functionName: process.env.FUNCTION_NAME,
      functionVersion: '$LATEST',
      memoryLimitInMB: process.env.MEMORY_LIMIT_MB,
      signal: this.abort.signal,
      getRemainingTimeInMillis: () => Math.max(0, head.deadline_ms - Date.now()),
    };
    calls.set(number, this);
  }

  succeed(result) {
    let payload;
    try {
      payload = encode(result);
    } catch (e) {
      return this.fail(e);
    }
    this.finish(RESULT, payload);
  }

  fail(error) {
    this.finish(ERROR, failure(error));
  }

  finish(type, payload) {
    if (calls.delete(this.number)) send(type, this.number, payload); // the first word counts
  }
}

function decode(event) {
  const text = event.toString();
  try {
    return JSON.parse(text);
  } catch {
    return Buffer.from(text).equals(event) ? text : event;
  }
}

function encode(result) {
  if (result instanceof Uint8Array) return result;
  if (typeof result === 'string') return Buffer.from(result);
  return Buffer.from(JSON.stringify(result) ?? 'null');
}

function failure(error) {
  const e = error instanceof Error || error?.stack ? error : { name: typeof error, message: describe(error) };
  const stack = String(e.stack ?? '').split('\n').filter((l) => !/\[stdin\]|node:internal/.test(l)).join('\n');
  return Buffer.from(JSON.stringify({ errorType: e.name ?? 'Error', errorMessage: String(e.message), stackTrace: stack }));
}

function describe(value) {
  try {
    return typeof value === 'string' ? value : JSON.stringify(value) ?? String(value);
  } catch {
    return String(value);
  }
}

async function run(handler, call, event) {
  if (handler.length < 3) return handler(decode(event), call.context);
  return new Promise((resolve, reject) => {
    handler(decode(event), call.context, (error, result) => (error ? reject(error) : resolve(result)));
  });
}

// rehearse does what the first call and the loading of a function take, so that they
// find it compiled.
function rehearse() {
  const call = new Call(0n, { request_id: '', deadline_ms: 0 });
  calls.delete(call.number); // so it sends nothing
  current.run(call, () => {
    run(async (event) => event, call, Buffer.from('{}')).then((r) => call.succeed(r), (e) => call.fail(e));
  });
  const { Module } = require('node:module');
  new Module('/rehearsal')._compile('exports.handler = () => {};', '/rehearsal');
  load('rehearsal.handler', '/dev/null').catch(() => {});
}

// Nobody waits for it by then: a worker that is started for a function hears of it at once.
const rehearsal = setTimeout(rehearse, 10);

let handler; // of the function, once it is loaded

function take(type, number, payload) {
  if (type === LOAD) {
    clearTimeout(rehearsal);
    assume(JSON.parse(payload.toString()));
  } else if (type === CANCEL) {
    calls.get(number)?.abort.abort();
  } else if (type === INVOKE) {
    const end = payload.indexOf(10);
    const call = new Call(number, JSON.parse(payload.toString('utf8', 0, end)));
    current.run(call, () => {
      run(handler, call, payload.subarray(end + 1)).then((r) => call.succeed(r), (e) => call.fail(e));
    });
  }
}

function serve() {
  const socket = new net.Socket({ fd, readable: true, writable: false });
  let chunks = [], have = 0, need = HEADER;
  socket.on('data', (chunk) => {
    chunks.push(chunk);
    have += chunk.length;
    while (have >= need) {
      const all = chunks.length === 1 ? chunks[0] : Buffer.concat(chunks, have);
      const size = HEADER + all.readUInt32BE(0);
      if (have >= size) take(all.readUInt8(4), all.readBigUInt64BE(5), all.subarray(HEADER, size));
      const rest = have >= size ? all.subarray(size) : all;
      chunks = rest.length ? [rest] : [];
      have = rest.length;
      need = have >= HEADER ? HEADER + rest.readUInt32BE(0) : HEADER;
    }
  });
  socket.on('close', () => process.exit(0));
  send(WAITING, 0n, '');
}

// output replaces a standard stream: what a call prints is its own.
function output(number) {
  const stream = new Writable({
    decodeStrings: true,
    write(chunk, _, done) {
      const call = current.getStore();
      if (call && calls.has(call.number)) send(LOG, call.number, chunk);
      else write(number, chunk);
      done();
    },
  });
  return Object.assign(stream, { fd: number, isTTY: false });
}

async function load(path, folder) {
  const dot = path.lastIndexOf('.');
  if (dot < 1) throw new Error(`handler "${path}" is not of the form module.function`);
  const [module, name] = [path.slice(0, dot), path.slice(dot + 1)];
  const files = ['.js', '.mjs', '.cjs'].map((ext) => join(folder, module + ext));
  const file = files.find((f) => fs.existsSync(f));
  if (!file) throw new Error(`no module "${module}" in the function's code: looked for ${files.map((f) => basename(f)).join(', ')}`);
  let code;
  try {
    code = require(file);
  } catch (e) {
    if (!['ERR_REQUIRE_ESM', 'ERR_REQUIRE_ASYNC_MODULE'].includes(e.code)) throw e;
    code = await import(require('node:url').pathToFileURL(file).href);
  }
  const found = code[name] ?? code.default?.[name];
  if (typeof found !== 'function') throw new Error(`module "${module}" exports no function "${name}"`);
  return found;
}

for (const [number, name] of [[1, 'stdout'], [2, 'stderr']]) {
  const stream = output(number);
  Object.defineProperty(process, name, { configurable: true, enumerable: true, get: () => stream });
}

function uncaught(error) {
  const call = current.getStore();
  if (call && calls.has(call.number)) call.fail(error);
  else console.error('uncaught, outside of any invocation:', error);
}

// assume makes the process one of the function: its environment, its folder.
function assume(f) {
  Object.assign(process.env, f.environment);
  process.chdir(f.code_dir);
  load(f.handler, f.code_dir).then((found) => {
    handler = found;
    process.on('uncaughtException', uncaught);
    process.on('unhandledRejection', uncaught);
    send(READY, 0n, '');
  }, (error) => {
    send(LOAD_ERROR, 0n, failure(error));
    process.exit(1);
  });
}

serve();
