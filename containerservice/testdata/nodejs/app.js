// A function for tests: it does what its event says.
'use strict';
const { execFileSync } = require('node:child_process');

console.log('loading');

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

exports.handler = async (event, context) => {
  const [, verb, arg] = /^(\S*) ?([^]*)$/.exec(event);
  switch (verb) {
    case 'echo': return arg;
    case 'pid': return String(process.pid);
    case 'id': return context.requestId;
    case 'deadline': return String(context.getRemainingTimeInMillis());
    case 'sleep': await sleep(Number(arg)); return 'slept';
    case 'wait': await new Promise((_, reject) => context.signal.addEventListener('abort', () => reject(new Error('canceled')))); break;
    case 'spin': for (;;);
    case 'fail': throw new RangeError(arg);
    case 'later': setTimeout(() => { throw new RangeError(arg); }, 1); await sleep(10_000); break;
    case 'reject': Promise.reject(new RangeError(arg)); await sleep(10_000); break;
    case 'exit': process.exit(Number(arg)); break;
    case 'print': console.log(arg); break;
    case 'chatter':
      for (let i = 0; i < 20; i++) {
        (i % 2 ? console.log : console.error)(arg, i);
        await sleep(1);
      }
      break;
    case 'child': execFileSync('/bin/sh', ['-c', 'echo from a child'], { stdio: 'inherit' }); break;
    case 'flood': {
      const line = 'x'.repeat(1 << 20) + '\n';
      for (let i = 0; i < Number(arg); i++) process.stdout.write(line);
      break;
    }
    case 'big': return Buffer.alloc(Number(arg));
    case 'touch': Buffer.alloc(Number(arg) << 20, 1); return 'touched';
  }
};

exports.typed = (event) => ({ event, type: Buffer.isBuffer(event) ? 'Buffer' : typeof event });
exports.identity = (event) => event;
exports.callback = (event, context, callback) => {
  setTimeout(() => (event === 'fail' ? callback(new RangeError('no')) : callback(null, event)), 1);
};
exports.notCallable = 1;
