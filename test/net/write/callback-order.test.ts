/** The callbacks of writes come in the order of the writes, by whichever way each write leaves. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Socket } from 'barewire';
import { makePair, readAll } from '../../kit/pairs.js';
import { type Scope, test } from '../../kit/test.js';

const LARGE = Buffer.alloc(9000);

/** Numbers each write, and notes which callbacks came. */
class Numbered {
  readonly told: number[] = [];
  count = 0;

  constructor(private readonly socket: Socket) {}

  write(chunk: string | Buffer, then: () => void = () => {}): void {
    const number = this.count++;
    this.socket.write(chunk, () => {
      this.told.push(number);
      then();
    });
  }

  check(): void {
    assert.equal(this.told.length, this.count);
    assert.deepEqual(
      this.told,
      this.told.toSorted((a, b) => a - b),
    );
  }
}

async function start(scope: Scope): Promise<{ ours: Socket; writes: Numbered }> {
  const { ours, peer } = await makePair(scope);
  peer.resume();
  return { ours, writes: new Numbered(ours) };
}

async function drained(socket: Socket): Promise<void> {
  await new Promise<void>((done) => {
    setImmediate(() => socket.write('last', () => done()));
  });
}

test('small and large ones, of the handler and of a tick', async (scope) => {
  const { ours, writes } = await start(scope);
  ours.write('a');
  writes.write('b');
  process.nextTick(() => {
    writes.write('c');
    writes.write(LARGE);
  });
  ours.write('x');
  ours.write(LARGE);
  await drained(ours);
  writes.check();
});

test('two large ones in a callback', async (scope) => {
  const { ours, writes } = await start(scope);
  writes.write('a');
  writes.write('b', () => {
    writes.write(LARGE);
    writes.write(LARGE);
  });
  ours.write(LARGE);
  await drained(ours);
  writes.check();
});

test('a class with a _write of its own sees each chunk behind uncork()', async (scope) => {
  const { ours, writes } = await start(scope);
  const seen: string[] = [];
  const { _write } = Socket.prototype;
  ours._write = (chunk, encoding, done) => {
    seen.push(String(chunk));
    _write.call(ours, chunk, encoding, done);
  };
  writes.write('a');
  ours.cork();
  writes.write('b');
  writes.write('c');
  ours.uncork();
  writes.write('d');
  writes.write('e');
  await drained(ours);
  writes.check();
  assert.deepEqual(seen, ['a', 'd', 'e', 'last']);
});

test('a write that is gathered is sent and told when `_handle` goes', async (scope) => {
  const { ours, peer } = await makePair(scope);
  const first = once(peer, 'data');
  const told: (string | null)[] = [];
  const tell = (error?: Error | null): void => {
    told.push((error as NodeJS.ErrnoException | null | undefined)?.code ?? null);
  };
  ours.on('error', tell);
  ours.write('one', tell);
  (ours as unknown as { _handle: null })._handle = null;
  ours.write('two', tell);
  await new Promise((closed) => ours.once('close', closed));
  assert.deepEqual(told, [null, 'ERR_SOCKET_CLOSED', 'ERR_SOCKET_CLOSED']);
  assert.equal(String((await first)[0]), 'one');
});

test('end(chunk) finishes also where `_handle` goes right behind it', async (scope) => {
  const { ours, peer } = await makePair(scope);
  const received = readAll(peer);
  const finished = once(ours, 'finish');
  ours.write('one ');
  ours.end('last');
  (ours as unknown as { _handle: null })._handle = null;
  await finished;
  assert.equal(String(await received), 'one last');
});
