/**
 * A chunk that Node's Writable holds back while a write is under way is sent or copied at once: the
 * program may use its memory again, as with `node:net`.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Socket as PlainSocket } from 'node:net';
import { runInNewContext } from 'node:vm';
import { connect, type Socket } from 'barewire';
import { readAll } from '../../kit/pairs.js';
import { type Scope, test } from '../../kit/test.js';

/** What is written from, and overwritten as soon as the call has returned. */
class Reused {
  readonly sent: Buffer[] = [];
  private letter = 97;

  constructor(private readonly socket: Socket) {}

  text(text: string): void {
    this.sent.push(Buffer.from(text));
    this.socket.write(text);
  }

  bytes(size: number): Buffer {
    const bytes = Buffer.alloc(size, 97 + (this.letter++ % 26));
    this.sent.push(Buffer.from(bytes));
    return bytes;
  }

  write(size: number, callback?: () => void): void {
    const bytes = this.bytes(size);
    this.socket.write(bytes, callback);
    bytes.fill('X');
  }

  end(size: number): void {
    const bytes = this.bytes(size);
    this.socket.end(bytes);
    bytes.fill('X');
  }

  frame(size: number): void {
    this.socket.cork();
    this.text('[');
    const bytes = this.bytes(size);
    this.socket.write(bytes);
    this.text(']');
    this.socket.uncork();
    bytes.fill('X');
  }
}

type Case = (to: Reused, socket: Socket, size: number) => void | Promise<void>;

const CASES: Record<string, Case> = {
  'end(chunk) behind a write': (to, _socket, size) => {
    to.text('head ');
    to.end(size);
  },
  'several corked frames': (to, socket, size) => {
    for (let i = 0; i < 3; i++) to.frame(size);
    socket.end();
  },
  'a write behind a corked frame': (to, socket, size) => {
    to.frame(size);
    to.write(size);
    to.write(size, () => {});
    socket.end();
  },
  'a write, and one in its callback, with another behind it': async (to, socket, size) => {
    const order: string[] = [];
    // The one in the callback comes behind those that were there before.
    const late: Buffer[] = [];
    to.write(size, () => {
      const bytes = Buffer.alloc(size, 'l');
      late.push(Buffer.from(bytes));
      socket.write(bytes, () => order.push('late'));
      bytes.fill('X');
    });
    await new Promise<void>((done) => to.write(size, done));
    to.sent.push(...late);
    socket.end();
    await once(socket, 'finish');
    assert.deepEqual(order, ['late']);
  },
};

const PLACES = ['connected', "in the 'connect' listener, behind a write before it"] as const;

for (const [name, run] of Object.entries(CASES)) {
  for (const place of PLACES) {
    for (const size of [5, 3000, 20_000]) {
      test(`${name}: ${size} bytes, ${place}`, async (scope) => {
        const { socket, received } = await dial(scope);
        const to = new Reused(socket);
        if (place !== PLACES[0]) to.text('early ');
        await once(socket, 'connect');
        await run(to, socket, size);
        assert.equal(String(await received), String(Buffer.concat(to.sent)));
      });
    }
  }
}

async function dial(scope: Scope): Promise<{ socket: Socket; received: Promise<Buffer> }> {
  const server = createServer();
  scope.defer(() => server.close());
  const peer = once(server, 'connection') as Promise<[PlainSocket]>;
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  assert(address !== null && typeof address === 'object');
  const socket = connect(address.port, '127.0.0.1');
  scope.defer(() => socket.destroy());
  const received = peer.then(([one]) => readAll(one));
  return { socket, received };
}

test('views of every kind, also those of another realm', async (scope) => {
  const { socket, received } = await dial(scope);
  await once(socket, 'connect');
  const foreign = runInNewContext('new Uint8Array([98, 98, 98, 98])') as Uint8Array;
  const words = new Uint16Array([0x6363, 0x6363]);
  const data = new DataView(new Uint8Array([100, 100, 100, 100]).buffer, 1, 2);
  socket.write('a');
  let expected = 'abbbb';
  socket.write(foreign);
  foreign.fill(88);
  for (const [view, text] of [
    [words, 'cccc'],
    [data, 'dd'],
  ] as const) {
    // Older versions of Node take Uint8Array only.
    try {
      socket.write(view as unknown as Uint8Array);
      expected += text;
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, 'ERR_INVALID_ARG_TYPE');
    }
    new Uint8Array(view.buffer).fill(88);
  }
  socket.end();
  assert.equal(String(await received), expected);
});
