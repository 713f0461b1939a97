/** Wrong arguments of every kind: -EINVAL, never an exception, a crash or another descriptor. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  C,
  call,
  calls,
  close,
  E,
  kernel,
  pair,
  pipe,
  readText,
  text,
  watchLedger,
} from './support.js';

const bytes = Buffer.alloc(8);

/** A call of each name with arguments that are right in type; -1 is no descriptor. */
const RIGHT: Record<string, unknown[]> = {
  socket: [C.AF_INET, C.SOCK_STREAM, 0],
  socketpair: [C.AF_UNIX, C.SOCK_STREAM, []],
  pipe: [[]],
  bind: [-1, C.AF_INET, '127.0.0.1', 0],
  connect: [-1, C.AF_INET, '127.0.0.1', 0],
  listen: [-1, 1],
  accept: [-1],
  shutdown: [-1, C.SHUT_WR],
  close: [-1, -1],
  adopt: [-1],
  release: [-1],
  dup: [-1],
  read: [-1, bytes, 0, 8],
  peek: [-1, bytes, 0, 8],
  write: [-1, bytes, 0, 8],
  writeMore: [-1, bytes, 0, 8],
  writev: [-1, [bytes], 1, 0],
  readv: [-1, [bytes], 1],
  sendRights: [-1, bytes, 0, 1, [0]],
  readRights: [-1, bytes, 0, 8, []],
  splice: [-1, -1, 1],
  pipeSize: [-1, 4096],
  getsockopt: [-1, C.SOL_SOCKET, C.SO_TYPE, bytes],
  setsockopt: [-1, C.SOL_SOCKET, C.SO_KEEPALIVE, 1],
  getsockname: [-1],
  getpeername: [-1],
  kind: [-1],
  pending: [-1, C.FIONREAD],
  unlink: ['/nonexistent/x'],
  chmod: ['/nonexistent/x', 0o600],
  stat: ['/nonexistent/x', []],
  ofNode: [-1],
  hookOpen: [() => {}, new Int32Array(4 + C.EVENTS_PER_TURN * 3)],
  hookControl: [-1, C.EPOLL_CTL_ADD, 0, 0, 0],
  hookReference: [true],
};
/** hookReport takes anything. */
const WITHOUT_ARGUMENTS = ['ledger', 'hookCarry', 'hookReport'];

function hostile(): object {
  return {
    valueOf: () => {
      throw new Error('valueOf was called');
    },
    toString: () => {
      throw new Error('toString was called');
    },
  };
}

/** Values that fit no number argument. */
const NO_NUMBERS = [
  undefined,
  null,
  true,
  '1',
  1n,
  Symbol('one'),
  {},
  [],
  [1],
  () => 1,
  hostile(),
  new Number(1),
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  0.5,
  2 ** 31,
  2 ** 32,
  2 ** 32 + 1,
  -(2 ** 31) - 1,
  2 ** 53,
  2 ** 63,
  2 ** 64,
  -(2 ** 63),
  Number.MAX_VALUE,
  Number.MIN_VALUE,
];

const NO_BYTES = [
  undefined,
  null,
  1,
  'bytes',
  {},
  [1, 2, 3, 4, 5, 6, 7, 8],
  new ArrayBuffer(8),
  { length: 8, __proto__: Uint8Array.prototype },
  new Proxy(new Uint8Array(8), {}),
];

const NO_LISTS = [undefined, null, 1, 'list', {}, { length: 1, 0: 1 }, new Uint8Array(8)];
const NO_STRINGS = [
  undefined,
  null,
  1,
  {},
  [],
  ['127.0.0.1'],
  hostile(),
  Symbol('x'),
  Buffer.from('x'),
];
const NO_FUNCTIONS = [undefined, null, 1, 'f', {}, hostile()];
const NO_BOOLEANS = [undefined, null, 0, 1, 'true', {}, new Boolean(true)];
const NO_CONTROL = [
  undefined,
  null,
  new Int32Array(4 + C.EVENTS_PER_TURN * 3 - 1),
  new Uint32Array(4 + C.EVENTS_PER_TURN * 3),
  new Uint8Array(1e5),
  new ArrayBuffer(1e5),
];

function wrongFor(name: string, at: number, right: unknown): unknown[] {
  if (name === 'hookOpen' && at === 1) return NO_CONTROL;
  if (typeof right === 'function') return NO_FUNCTIONS;
  if (typeof right === 'boolean') return NO_BOOLEANS;
  if (typeof right === 'string') return NO_STRINGS;
  if (Array.isArray(right)) return NO_LISTS;
  if (right instanceof Uint8Array) return NO_BYTES;
  assert.equal(typeof right, 'number');
  // Also an int; what is no int is tried all the same.
  const isLength = ['splice', 'writev', 'readv'].includes(name) && at >= 2;
  return isLength ? [...NO_NUMBERS.filter((each) => !isFineLength(each)), -1] : NO_NUMBERS;
}

function isFineLength(value: unknown): boolean {
  return typeof value === 'number' && value >= 0 && value <= 2 ** 53 && Number.isInteger(value);
}

test('every call there is is tried here', () => {
  const names = Object.keys(calls).filter((name) => typeof calls[name] === 'function');
  assert.deepEqual(names.sort(), [...Object.keys(RIGHT), ...WITHOUT_ARGUMENTS].sort());
});

for (const [name, right] of Object.entries(RIGHT)) {
  test(`${name}: each argument wrong or missing is -EINVAL`, (t) => {
    watchLedger(t);
    // setsockopt takes an int or bytes; what is neither is refused.
    const both = name === 'setsockopt';
    for (const [at, value] of right.entries()) {
      for (const wrong of wrongFor(name, at, value)) {
        const args = right.with(at, wrong);
        assert.equal(call(name, ...args), -E.EINVAL, `argument ${at}: ${String(typeof wrong)}`);
      }
      assert.equal(call(name, ...right.slice(0, at)), -E.EINVAL, `${at} arguments`);
    }
    if (both) assert.equal(call(name, ...right.with(3, bytes)), -E.EBADF);
  });
}

/** Views of other kinds of numbers, of 16 bytes each, one of them in the middle of its memory. */
const VIEWS = [
  new DataView(new ArrayBuffer(32), 8, 16),
  new Int8Array(16),
  new Uint8ClampedArray(16),
  new Uint16Array(8),
  new Float64Array(2),
  new BigUint64Array(2),
];

for (const view of VIEWS) {
  test(`a ${view.constructor.name} is taken as its bytes, and no further`, (t) => {
    watchLedger(t);
    const [near, far] = pair();
    const inside = Buffer.from(view.buffer, view.byteOffset, view.byteLength);
    assert.equal(kernel.write(near, Buffer.from('0123456789abcdef'), 0, 16), 16);
    assert.equal(call('read', far, view, 4, 12), 12);
    assert.equal(inside.toString('latin1', 4), '0123456789ab');
    assert.equal(call('read', far, view, 12, 4), 4);
    assert.equal(call('write', far, view, 0, 17), -E.EINVAL);
    assert.equal(call('write', far, view, 16, 1), -E.EINVAL);
    assert.equal(call('write', far, view, 12, 4), 4);
    assert.equal(readText(near), 'cdef');
    close(near);
    close(far);
  });
}

test('lengths and offsets are checked against the buffer at every edge', (t) => {
  watchLedger(t);
  const [near, far] = pair();
  const buffer = Buffer.alloc(16);
  const good: [number, number][] = [
    [0, 16],
    [16, 0],
    [0, 0],
    [15, 1],
    [1, 15],
  ];
  const bad: [number, number][] = [
    [0, 17],
    [16, 1],
    [17, 0],
    [15, 2],
    [-1, 1],
    [0, -1],
    [1, 2 ** 53],
    [2 ** 53, 1],
    [2 ** 32, 0],
    [0, 2 ** 32],
    [2 ** 53, -(2 ** 53) + 1],
    [Number.NaN, 1],
    [0, Number.NaN],
    [0.5, 1],
  ];
  for (const [offset, length] of good) {
    assert.equal(kernel.write(near, buffer, offset, length), length);
    if (length === 0) continue;
    assert.equal(kernel.peek(far, buffer, offset, length), length);
    assert.equal(kernel.read(far, buffer, offset, length), length);
  }
  for (const [offset, length] of bad) {
    for (const name of ['read', 'peek', 'write', 'writeMore']) {
      assert.equal(
        call(name, near, buffer, offset, length),
        -E.EINVAL,
        `${name} ${offset} ${length}`,
      );
    }
    assert.equal(kernel.sendRights(near, buffer, offset, length, [0]), -E.EINVAL);
    assert.equal(kernel.readRights(near, buffer, offset, length, []), -E.EINVAL);
  }
  assert.equal(kernel.pending(far, C.FIONREAD), 0);
  close(near, far);
});

test('a read touches nothing outside of the bytes asked for', (t) => {
  watchLedger(t);
  const [near, far] = pair();
  const backing = new Uint8Array(32).fill(7);
  const view = backing.subarray(8, 24);
  kernel.write(near, Buffer.alloc(64, 1), 0, 64);
  assert.equal(kernel.read(far, view, 4, 8), 8);
  const expected = new Uint8Array(32).fill(7).fill(1, 12, 20);
  assert.deepEqual(backing, expected);
  assert.equal(kernel.read(far, view, 0, 16), 16);
  assert.deepEqual(backing, new Uint8Array(32).fill(7).fill(1, 8, 24));
  close(near, far);
});

function detach(view: Uint8Array): void {
  const buffer = view.buffer as ArrayBuffer;
  structuredClone(buffer, { transfer: [buffer] });
}

test('a detached, a shrunk and a shared buffer', (t) => {
  watchLedger(t);
  const [near, far] = pair();
  kernel.write(near, Buffer.alloc(32, 1), 0, 32);
  const gone = new Uint8Array(16);
  detach(gone);
  assert.equal(kernel.read(far, gone, 0, 1), -E.EINVAL);
  assert.equal(kernel.write(far, gone, 0, 16), -E.EINVAL);
  assert.equal(kernel.writev(far, [gone], 1, 0), 0);
  // Resizable buffers are newer than the types this project compiles against.
  const Resizable = ArrayBuffer as unknown as new (
    size: number,
    options: { maxByteLength: number },
  ) => ArrayBuffer & { resize(size: number): void };
  const buffer = new Resizable(64, { maxByteLength: 128 });
  const tracking = new Uint8Array(buffer);
  const fixed = new Uint8Array(buffer, 32, 16);
  assert.equal(kernel.read(far, fixed, 0, 16), 16);
  buffer.resize(40);
  assert.equal(kernel.read(far, fixed, 0, 16), -E.EINVAL);
  assert.equal(kernel.read(far, fixed, 0, 8), -E.EINVAL, 'out of bounds is out of bounds');
  assert.equal(kernel.read(far, tracking, 0, 41), -E.EINVAL);
  buffer.resize(128);
  assert.equal(kernel.read(far, tracking, 120, 8), 8);
  assert.equal(tracking[127], 1);
  const shared = new Uint8Array(new SharedArrayBuffer(8));
  assert.equal(kernel.read(far, shared, 0, 8), 8);
  assert.deepEqual([...shared], Array(8).fill(1));
  close(near, far);
});

test('arrays whose elements are wrong, throw, or take memory away meanwhile', (t) => {
  watchLedger(t);
  const [near, far] = pair();
  const chunk = (): Uint8Array => new Uint8Array(16).fill(120);
  const first = chunk();
  const transferring = [first, chunk()];
  Object.defineProperty(transferring, 1, {
    get: () => {
      detach(first);
      return chunk();
    },
  });
  assert.equal(kernel.writev(near, transferring, 2, 0), 16);
  const rights = [near];
  const sent = chunk();
  Object.defineProperty(rights, 0, {
    get: () => {
      detach(sent);
      return near;
    },
  });
  assert.equal(kernel.sendRights(near, sent, 0, 16, rights), -E.EINVAL);
  const throwing: never[] = [];
  Object.defineProperty(throwing, 0, {
    get: () => {
      throw new Error('got');
    },
    set: () => {
      throw new Error('set');
    },
  });
  assert.equal(kernel.writev(near, throwing, 1, 0), -E.EINVAL);
  assert.equal(kernel.sendRights(near, chunk(), 0, 1, throwing), -E.EINVAL);
  assert.equal(call('writev', near, [chunk(), 'text'], 2, 0), -E.EINVAL);
  assert.equal(kernel.writev(near, [chunk()], 2, 0), -E.EINVAL, 'more than there are');
  assert.equal(call('sendRights', near, chunk(), 0, 1, ['0']), -E.EINVAL);
  assert.equal(readText(far), 'x'.repeat(16));
  close(near, far);
});

test('descriptors that cannot be handed over are closed', (t) => {
  watchLedger(t);
  const throwing: number[] = [];
  Object.setPrototypeOf(throwing, {
    set 0(_: number) {
      throw new Error('set');
    },
  });
  const before = kernel.ledger();
  const [near, far] = pair();
  assert.equal(kernel.sendRights(near, text('x'), 0, 1, [near, far]), 1);
  const open = openDescriptors();
  assert.equal(kernel.pipe(throwing), -E.EINVAL);
  assert.equal(kernel.socketpair(C.AF_UNIX, C.SOCK_STREAM, throwing), -E.EINVAL);
  assert.equal(kernel.stat('/', throwing), -E.EINVAL);
  assert.equal(openDescriptors(), open);
  // Both are appended where the setter is.
  assert.equal(kernel.readRights(far, Buffer.alloc(8), 0, 8, throwing), 1);
  assert.equal(openDescriptors(), open);
  close(near, far);
  assert.deepEqual(kernel.ledger(), before);
});

function openDescriptors(): number {
  let count = 0;
  for (let fd = 0; fd < 512; fd++) if (kernel.kind(fd) >= 0) count++;
  return count;
}

test('more arguments than there are do no harm, and calls need no receiver', (t) => {
  watchLedger(t);
  const [near, far] = pipe();
  const { write, read, ledger } = kernel;
  assert.equal(call('write', far, text('abc'), 0, 3, 9, 9, 9, 9, 9, 9), 3);
  assert.equal(Reflect.apply(read, undefined, [near, Buffer.alloc(8), 0, 8]), 3);
  assert.equal(write(far, text('abc'), 0, 3), 3);
  assert.equal(ledger().length, 2);
  close(near, far);
});
