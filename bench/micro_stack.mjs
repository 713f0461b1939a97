// What the stack above the kernel costs per echoed message: the same Socket, on a kernel that
// answers at once and does nothing. The least time of many blocks, in nanoseconds.
//   node micro_stack.mjs [DIST FOLDER]… [--blocks N]
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { blocks: { type: 'string', default: '300' } },
});
const require = createRequire(import.meta.url);
const SOCKETS = 64;
const ROUNDS = 100;
const SIZE = 64;

function stubKernel(linux, hook) {
  return {
    ...linux,
    read: () => SIZE,
    write: (_fd, _bytes, _offset, length) => length,
    kind: () => linux.constants.S_IFSOCK,
    adopt: () => 0,
    close: () => 0,
    getsockopt: (_fd, _level, name, into) => {
      const { SO_DOMAIN, SO_TYPE, AF_INET, SOCK_STREAM } = linux.constants;
      const answers = { [SO_DOMAIN]: AF_INET, [SO_TYPE]: SOCK_STREAM };
      into.writeInt32LE(answers[name] ?? 0, 0);
      return 4;
    },
    hookOpen: (dispatch, control) => {
      hook.dispatch = dispatch;
      hook.control = control;
      return 99;
    },
    hookControl: () => 0,
    hookReference: () => 0,
    hookCarry: () => 0,
  };
}

function makeStack(folder) {
  const from = (path) => require(join(resolve(folder), path));
  const { linux } = from('sys/linux.js');
  const { makeHost } = from('transport/host.js');
  const { systemClock } = from('util/clock.js');
  const { WORD_EVENTS, WORDS_PER_EVENT } = from('sys/hook.js');
  const { Socket } = from('index.js');
  // By its name, since builds of other layouts are compared with this.
  const isHost = ({ description }) => description === 'barewire.host';
  const kHost = Object.getOwnPropertySymbols(Socket.prototype).find(isHost);
  const hook = {};
  const host = makeHost(stubKernel(linux, hook), systemClock, null);
  class StubSocket extends Socket {
    [kHost]() {
      return host;
    }
  }
  for (let fd = 1000; fd < 1000 + SOCKETS; fd++) {
    const socket = new StubSocket({ fd });
    socket.on('data', (data) => socket.write(data));
  }
  return {
    folder,
    hook,
    eventsAt: WORD_EVENTS,
    wordsPerEvent: WORDS_PER_EVENT,
    readable: linux.constants.EPOLLIN,
    least: Number.POSITIVE_INFINITY,
  };
}

function block(stack) {
  const { dispatch, control } = stack.hook;
  const start = process.hrtime.bigint();
  for (let round = 0; round < ROUNDS; round++) {
    for (let slot = 0; slot < SOCKETS; slot++) {
      const at = stack.eventsAt + slot * stack.wordsPerEvent;
      control[at] = slot;
      control[at + 1] = 0;
      control[at + 2] = stack.readable;
      dispatch(slot);
    }
  }
  const ns = Number(process.hrtime.bigint() - start) / ROUNDS / SOCKETS;
  if (ns < stack.least) stack.least = ns;
}

const folders = positionals.length > 0 ? positionals : [resolve(import.meta.dirname, '../dist')];
const stacks = folders.map(makeStack);
for (let i = 0; i < Number(values.blocks); i++) {
  await new Promise((done) => setImmediate(done));
  for (const stack of stacks) block(stack);
}
for (const { folder, least } of stacks)
  console.log(`${folder}: ${least.toFixed(0)} ns per message`);
process.exit();
