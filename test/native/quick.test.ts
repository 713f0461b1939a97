/** Reads and writes that use the same memory again and again, as src/sys/quick.ts makes them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { loadBinding } from '#internal/sys/binding';
import { C, call, close, E, kernel, ok, pair, watchLedger } from './support.js';

/** Memory of `text`, made the one that the next reads or writes have pinned. */
function pinned(kind: 'read' | 'write', text: string): Buffer {
  const bytes = Buffer.alloc(text.length, text);
  // Of no bytes and on no descriptor: they do nothing but use it twice in a row.
  for (let i = 0; i < 2; i++) assert.equal(kernel[kind](-1, bytes, 0, 0), -E.EBADF);
  return bytes;
}

/** As far as JavaScript can: what was in it is elsewhere, and it has no length. */
function transfer(bytes: Buffer): ArrayBuffer {
  const { buffer } = bytes;
  return structuredClone(buffer as ArrayBuffer, { transfer: [buffer as ArrayBuffer] });
}

test('the same memory is read to and written from at each place', (t) => {
  watchLedger(t);
  const [near, far] = pair();
  const from = pinned('write', 'abcdefghijklmnop');
  const to = pinned('read', '................');
  for (const [offset, length] of [
    [0, 4],
    [5, 1],
    [12, 4],
    [0, 16],
    [16, 0],
  ] as const) {
    assert.equal(kernel.write(near, from, offset, length), length);
    if (length === 0) continue;
    to.fill('.');
    assert.equal(kernel.read(far, to, offset, length), length);
    const expected = '.'.repeat(offset) + 'abcdefghijklmnop'.slice(offset, offset + length);
    assert.equal(to.toString('latin1'), expected.padEnd(16, '.'));
  }
  assert.equal(kernel.read(far, to, 0, 16), -E.EAGAIN);
  from.fill('x');
  assert.equal(kernel.writeMore(near, from, 3, 2), 2);
  assert.equal(kernel.read(far, to, 0, 16), 2);
  assert.equal(to.toString('latin1', 0, 2), 'xx');
  close(near);
  assert.equal(kernel.read(far, to, 0, 16), 0);
  assert.equal(kernel.write(far, from, 0, 1), -E.EPIPE);
  close(far);
  assert.equal(kernel.read(far, to, 0, 16), -E.EBADF);
});

test('no place outside the memory is read to or written from', (t) => {
  watchLedger(t);
  const [near, far] = pair();
  const from = pinned('write', 'abcdefgh');
  const to = pinned('read', '........');
  assert.equal(kernel.write(near, from, 0, 8), 8);
  const outside = [
    [0, 9],
    [8, 1],
    [9, 0],
    [-1, 1],
    [1, -1],
    [4, 5],
    [2 ** 31, 1],
    [1, 2 ** 32],
  ];
  for (const [offset, length] of [...outside, [0.5, 1], [Number.NaN, 1], [1, Number.NaN]]) {
    for (const kind of ['read', 'write', 'writeMore']) {
      const bytes = kind === 'read' ? to : from;
      assert.equal(
        call(kind, near, bytes, offset, length),
        -E.EINVAL,
        `${kind} ${offset} ${length}`,
      );
    }
  }
  for (const nothing of [null, undefined]) {
    for (const kind of ['read', 'write', 'writeMore']) {
      assert.equal(call(kind, near, nothing, 0, 0), -E.EINVAL);
    }
  }
  for (const fd of [2 ** 32 + near, near + 0.5, Number.NaN, `${near}`, undefined, 1n]) {
    assert.equal(call('write', fd, from, 0, 1), -E.EINVAL);
  }
  assert.equal(kernel.read(far, to, 0, 8), 8);
  assert.equal(to.toString(), 'abcdefgh');
  assert.equal(kernel.read(far, to, 0, 8), -E.EAGAIN);
  close(near, far);
});

test('memory that was transferred since it was pinned is not touched any more', (t) => {
  watchLedger(t);
  const [near, far] = pair();
  const to = pinned('read', '........');
  const from = pinned('write', 'abcdefgh');
  assert.equal(kernel.write(near, from, 0, 8), 8);
  const [toNow, fromNow] = [transfer(to), transfer(from)];
  assert.equal(kernel.read(far, to, 0, 8), -E.EINVAL);
  assert.equal(kernel.write(near, from, 0, 8), -E.EINVAL);
  assert.equal(kernel.write(near, from, 0, 0), 0);
  assert.equal(Buffer.from(toNow).toString(), '........');
  assert.equal(Buffer.from(fromNow).toString(), 'abcdefgh');
  const other = Buffer.alloc(8);
  assert.equal(kernel.read(far, other, 0, 8), 8);
  assert.equal(other.toString(), 'abcdefgh');
  close(near, far);
});

test('who replaces Function.prototype.call cannot hide that memory was transferred', (t) => {
  watchLedger(t);
  const [near, far] = pair();
  const to = pinned('read', '........');
  assert.equal(kernel.write(near, Buffer.from('abcdefgh'), 0, 8), 8);
  const { call: own } = Function.prototype;
  const seen: unknown[] = [];
  let status: number;
  transfer(to);
  Function.prototype.call = function call(this: () => unknown, of: unknown): unknown {
    seen.push(of);
    return of === to ? 8 : Reflect.apply(this, of, []);
  };
  try {
    status = kernel.read(far, to, 0, 8);
  } finally {
    Function.prototype.call = own;
  }
  assert.equal(status, -E.EINVAL);
  assert.ok(!seen.includes(to));
  close(near, far);
});

test('what a class says of its memory is not believed', (t) => {
  watchLedger(t);
  const [near, far] = pair();
  class Liar extends Uint8Array {
    override get length(): number {
      return 4096;
    }
    override get byteLength(): number {
      return 4096;
    }
    override get buffer(): ArrayBuffer {
      throw new Error('asked for the memory');
    }
  }
  const bytes = new Liar(8);
  const memory = Object.getOwnPropertyDescriptor(
    Object.getPrototypeOf(Uint8Array.prototype),
    'buffer',
  )?.get?.call(bytes) as ArrayBuffer;
  for (let i = 0; i < 3; i++) assert.equal(kernel.read(far, bytes, 0, 8), -E.EAGAIN);
  assert.equal(kernel.write(near, Buffer.from('abcdefgh'), 0, 8), 8);
  assert.equal(kernel.read(far, bytes, 0, 9), -E.EINVAL);
  const now = structuredClone(memory, { transfer: [memory] });
  assert.equal(kernel.read(far, bytes, 0, 8), -E.EINVAL);
  assert.deepEqual(new Uint8Array(now), new Uint8Array(8));
  close(near, far);
});

test('memory that grows or shrinks has the length that it has now', (t) => {
  watchLedger(t);
  const Resizable = ArrayBuffer as unknown as {
    new (length: number, options: object): ArrayBuffer & { resize(length: number): void };
  };
  const [near, far] = pair();
  const memory = new Resizable(8, { maxByteLength: 64 });
  const bytes = new Uint8Array(memory);
  for (let i = 0; i < 3; i++) assert.equal(kernel.read(far, bytes, 0, 8), -E.EAGAIN);
  memory.resize(64);
  assert.equal(kernel.write(near, Buffer.alloc(64, 'x'), 0, 64), 64);
  assert.equal(kernel.read(far, bytes, 0, 48), 48);
  memory.resize(8);
  assert.equal(kernel.read(far, bytes, 0, 16), -E.EINVAL);
  assert.equal(kernel.read(far, bytes, 0, 8), 8);
  close(near, far);
});

test('memory that takes turns with another is read to and written from like it', (t) => {
  watchLedger(t);
  const [near, far] = pair();
  const memories = ['first', 'other', 'third'].map((text) => Buffer.from(text));
  const into = memories.map(() => Buffer.alloc(5));
  for (const at of [0, 1, 1, 1, 0, 0, 2, 1, 2, 2, 0]) {
    assert.equal(kernel.write(near, memories[at] as Buffer, 0, 5), 5);
    const to = into[(at + 1) % 3] as Buffer;
    to.fill(0);
    assert.equal(kernel.read(far, to, 0, 5), 5);
    assert.deepEqual(to, memories[at]);
  }
  close(near, far);
});

/** Memory that was used several times in a row, of which nothing is left but this. */
function used(size: number, from = 0): WeakRef<ArrayBufferLike> {
  const bytes = Buffer.alloc(size).subarray(from);
  for (const kind of ['read', 'write'] as const) {
    for (let i = 0; i < 3; i++) kernel[kind](-1, bytes, 0, 1);
  }
  return new WeakRef(bytes.buffer);
}

test('memory is let go once other memory is pinned, and large memory never held', async () => {
  const refs = [used(64 * 1024), used(300 * 1024), used(300 * 1024, 299 * 1024)];
  pinned('read', 'another');
  pinned('write', 'another');
  const { setFlagsFromString } = await import('node:v8');
  setFlagsFromString('--expose-gc');
  const { runInNewContext } = await import('node:vm');
  const collect: () => void = runInNewContext('gc');
  for (let i = 0; i < 10 && refs.some((ref) => ref.deref() !== undefined); i++) {
    await new Promise((resolve) => setImmediate(resolve));
    collect();
  }
  assert.deepEqual(
    refs.map((ref) => ref.deref()?.byteLength),
    [undefined, undefined, undefined],
  );
});

test('the raw calls refuse what is no memory, and do nothing without words', () => {
  const { quick } = loadBinding();
  assert.ok(quick);
  assert.equal(quick.read(), undefined);
  for (const words of [undefined, null, 1, {}, new Int32Array(3), new Uint8Array(15)]) {
    assert.equal(quick.pin(2, words as Int32Array), -E.EINVAL);
  }
  const words = new Int32Array([1, 0, 1, 77]);
  assert.equal(quick.pin(2, words), 0);
  quick.write();
  assert.equal(words[3], -E.EINVAL, 'nothing is pinned');
  for (const which of [-1, 3, 0.5]) assert.equal(quick.pin(which, words), -E.EINVAL);
  assert.equal(quick.pin(0, undefined as unknown as Uint8Array), -E.EINVAL);
  assert.equal(quick.pin(1, new Uint8Array(8)), 0);
  for (const [offset, length] of [
    [-1, 1],
    [0, 9],
    [8, 1],
    [1, -1],
    [-1, -1],
  ] as const) {
    words.set([1, offset, length, 77]);
    quick.write();
    assert.equal(words[3], -E.EINVAL);
  }
  words.set([-1, 0, 8, 77]);
  quick.write();
  assert.equal(words[3], -E.EBADF);
});

test('threads have words and memory of their own', async (t) => {
  watchLedger(t);
  const into: number[] = [];
  ok(kernel.socketpair(C.AF_UNIX, C.SOCK_STREAM, into));
  const [near, far] = into as [number, number];
  const from = pinned('write', 'abcdefgh');
  const path = require.resolve('#internal/sys/linux');
  const source = `
    const { linux } = require(${JSON.stringify(path)});
    const bytes = Buffer.alloc(4, 'wxyz');
    let last;
    for (let i = 0; i < 3; i++) last = linux.write(-1, bytes, 0, 4);
    require('node:worker_threads').parentPort.postMessage(last);`;
  const worker = new Worker(source, { eval: true });
  const [last] = await new Promise<[number]>((resolve, reject) => {
    worker.once('message', (value: number) => resolve([value]));
    worker.once('error', reject);
  });
  assert.equal(last, -E.EBADF);
  assert.equal(kernel.write(near, from, 0, 8), 8);
  const to = Buffer.alloc(8);
  assert.equal(kernel.read(far, to, 0, 8), 8);
  assert.equal(to.toString(), 'abcdefgh');
  await worker.terminate();
  close(near, far);
});
