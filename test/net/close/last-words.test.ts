/**
 * A peer answers and closes without reading all of our bytes, as a server does that refuses an
 * upload. The kernel then resets the connection, and our writes fail. The socket reads the answer
 * first all the same, and reports the failure after it.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import { type AddressInfo, connect as connectPlain } from 'node:net';
import { pipeline, Readable } from 'node:stream';
import { connect, createServer, Socket } from 'barewire';
import { HttpAgent } from 'barewire/interop';
import { type Family, socketPath } from '../../kit/echo.js';
import { closing, makePair } from '../../kit/pairs.js';
import { compiled, Program } from '../../kit/program.js';
import { type Scope, test } from '../../kit/test.js';

const LAST_WORD = 'too large';
const ROUNDS = 10;

type Where = { port: number; host: string } | { path: string };

interface Refusing {
  readonly tcp: { port: number; host: string };
  readonly unix: { path: string };
}

async function startRefusing(scope: Scope, how: string): Promise<Refusing> {
  const path = socketPath();
  const program = new Program(process.execPath, [compiled('refusing-server'), how, path]);
  scope.defer(() => program.stop());
  const printed = await program.printed(/listening on \d+\n/);
  const port = Number(/\d+/.exec(printed)?.[0]);
  return { tcp: { port, host: '127.0.0.1' }, unix: { path } };
}

const bytes = (count: number): Buffer => Buffer.alloc(count, 'x');

function endless(): Readable {
  let left = 400;
  return new Readable({
    read() {
      this.push(left-- > 0 ? bytes(65_536) : null);
    },
  });
}

/** Ways to have writes waiting when the answer comes. */
const UPLOADS: Record<string, (socket: Socket) => void> = {
  'one large write': (socket) => socket.write(bytes(1 << 24)),
  pipe: (socket) => endless().pipe(socket),
  pipeline: (socket) => pipeline(endless(), socket, () => {}),
  'writes on and on': (socket) => {
    // More than the server reads at once, or it may close cleanly between two of the others.
    socket.write(bytes(1 << 20));
    const timer = setInterval(() => {
      if (!socket.destroyed) socket.write(bytes(100_000));
    }, 1);
    socket.on('close', () => clearInterval(timer));
  },
  'corked writes': (socket) => {
    socket.cork();
    for (let i = 0; i < 64; i++) socket.write(bytes(1 << 18));
    socket.uncork();
  },
  'many small writes': (socket) => {
    for (let i = 0; i < 80_000; i++) socket.write(bytes(100));
  },
};

/** Ways to read. Each returns what was heard so far. */
const READERS: Record<string, (socket: Socket) => () => string> = {
  data: (socket) => {
    let heard = '';
    socket.on('data', (chunk) => {
      heard += chunk;
    });
    return () => heard;
  },
  readable: (socket) => {
    let heard = '';
    socket.on('readable', () => {
      for (let chunk = socket.read(4); chunk !== null; chunk = socket.read(4)) heard += chunk;
      heard += socket.read() ?? '';
    });
    return () => heard;
  },
  'for await, which takes its time': (socket) => {
    let heard = '';
    const read = async (): Promise<void> => {
      for await (const chunk of socket) {
        heard += chunk;
        await new Promise((resolve) => setTimeout(resolve, 30));
      }
    };
    // It ends with the failure that is told to 'error' as well.
    read().catch(() => {});
    return () => heard;
  },
  'pause() and resume()': (socket) => {
    let heard = '';
    socket.on('data', (chunk) => {
      heard += chunk;
      socket.pause();
      setTimeout(() => socket.resume(), 20);
    });
    return () => heard;
  },
};

interface Ending {
  readonly heard: string;
  readonly codes: readonly string[];
  readonly hadError: boolean;
}

async function upload(
  where: Where,
  send: (socket: Socket) => void,
  read: (socket: Socket) => () => string,
): Promise<Ending> {
  const socket = connect(where);
  const codes: string[] = [];
  socket.on('error', (error: NodeJS.ErrnoException) => codes.push(error.code ?? error.message));
  const closed = once(socket, 'close').catch(() => [true]);
  const heard = read(socket);
  send(socket);
  const [hadError] = (await closed) as [boolean];
  return { heard: heard(), codes, hadError };
}

function assertHeard({ heard, codes }: Ending): void {
  assert.ok(heard.endsWith(LAST_WORD), `heard ${heard.length} bytes, then ${codes}`);
  assert.equal(codes.length, 1, `the failure is told once: ${codes}`);
  assert.match(codes[0] ?? '', /^(EPIPE|ECONNRESET)$/);
}

for (const family of ['tcp', 'unix'] as const satisfies readonly Family[]) {
  for (const [name, send] of Object.entries(UPLOADS)) {
    test(`an answer to ${name} that fails is heard, over ${family}`, async (scope) => {
      const where = (await startRefusing(scope, 'answer'))[family];
      for (let i = 0; i < ROUNDS; i++) {
        assertHeard(await upload(where, send, READERS['data'] as (typeof READERS)[string]));
      }
    });
  }

  for (const [name, read] of Object.entries(READERS)) {
    test(`by ${name} the answer is heard before the failure, over ${family}`, async (scope) => {
      const where = (await startRefusing(scope, 'answer'))[family];
      const send = UPLOADS['one large write'] as (typeof UPLOADS)[string];
      for (let i = 0; i < ROUNDS / 2; i++) assertHeard(await upload(where, send, read));
    });
  }

  test(`a greeting is heard where our writes fail already, over ${family}`, async (scope) => {
    const where = (await startRefusing(scope, 'greet'))[family];
    for (let i = 0; i < 40; i++) {
      const { heard } = await upload(
        where,
        (socket) => socket.write(bytes(1 << 20)),
        READERS['data'] as (typeof READERS)[string],
      );
      assert.ok(heard.endsWith(LAST_WORD), `round ${i}: heard ${heard.length} bytes`);
    }
  });

  test(`where a write in a handler fails, the rest is read, over ${family}`, async (scope) => {
    const where = (await startRefusing(scope, 'answer in two parts'))[family];
    for (let i = 0; i < 20; i++) {
      const busy = (socket: Socket): void => {
        socket.write('please');
        socket.write(bytes(1 << 20));
        socket.once('data', () => {
          const end = Date.now() + 40;
          while (Date.now() < end);
          socket.write('thanks');
          socket.write(bytes(100_000));
        });
      };
      assertHeard(await upload(where, busy, READERS['data'] as (typeof READERS)[string]));
    }
  });

  test(`nobody waits for a reader who takes nothing, over ${family}`, async (scope) => {
    const where = (await startRefusing(scope, 'answer'))[family];
    const never = (socket: Socket): (() => string) => {
      socket.on('data', () => assert.fail('paused')).pause();
      return () => '';
    };
    const start = performance.now();
    const { codes, hadError } = await upload(where, (s) => s.write(bytes(1 << 24)), never);
    assert.deepEqual([codes.length, hadError], [1, true]);
    assert.ok(performance.now() - start < 5000);
    const nobody = await upload(
      where,
      (s) => s.write(bytes(1 << 24)),
      () => () => '',
    );
    assert.equal(nobody.codes.length, 1);
  });
}

test('each write behind a failure that a class hides fails as well', async (scope) => {
  const { tcp } = await startRefusing(scope, 'answer');
  const codes: unknown[] = [];
  class Stubborn extends Socket {
    override _write(chunk: Uint8Array, encoding: BufferEncoding, callback: () => void): void {
      super._write(chunk, encoding, (error) => {
        codes.push((error as NodeJS.ErrnoException | null)?.code);
        callback();
      });
    }
  }
  const socket = new Stubborn({ allowHalfOpen: true });
  scope.defer(() => socket.destroy());
  socket.on('data', () => {}).connect(tcp);
  const written = (chunk: Buffer): Promise<void> => {
    return new Promise((resolve) => socket.write(chunk, () => resolve()));
  };
  await written(bytes(1 << 24));
  await written(bytes(10));
  await written(bytes(100_000));
  assert.equal(codes.length, 3);
  for (const code of codes) assert.match(String(code), /^(EPIPE|ECONNRESET)$/);
});

test('a reader has a second for the rest, also where the kernel has no more', async (scope) => {
  const { tcp } = await startRefusing(scope, 'answer');
  const socket = connect(tcp);
  scope.defer(() => socket.destroy());
  socket.on('data', () => assert.fail('paused')).pause();
  await once(socket, 'connect');
  socket.write(bytes(1 << 24));
  // The answer is in the Readable's own buffer before the write fails, or behind it.
  const lost = once(socket, 'error');
  while (socket.readableLength === 0) await new Promise(setImmediate);
  const start = performance.now();
  const [error] = await lost;
  assert.match((error as NodeJS.ErrnoException).code ?? '', /^(EPIPE|ECONNRESET)$/);
  assert.ok(performance.now() - start > 900, `after ${performance.now() - start} ms`);
});

for (const paused of [false, true]) {
  const who = paused ? 'a reader that has paused' : 'a reader that has had the end';
  test(`${who} and has nothing left to read is not waited for`, async (scope) => {
    for (let i = 0; i < 12; i++) {
      const { ours, peer } = await makePair(scope, { allowHalfOpen: true, pauseOnConnect: paused });
      ours.on('data', () => {});
      if (paused) ours.pause();
      else {
        ours.resume();
        peer.end('bye');
        await once(ours, 'end');
      }
      // Each round begins in another turn of the event loop.
      for (let turn = 0; turn < i; turn++) await new Promise(setImmediate);
      const failed = once(ours, 'error');
      peer.resetAndDestroy();
      const start = performance.now();
      const timer = setInterval(() => ours.write('x'), 1);
      await failed;
      clearInterval(timer);
      const waitedMs = performance.now() - start;
      assert.ok(waitedMs < 700, `round ${i}: ${waitedMs} ms`);
    }
  });
}

test('a connection that stood and was reset in one event is heard', async (scope) => {
  const { tcp } = await startRefusing(scope, 'greet and reset');
  for (let i = 0; i < 10; i++) {
    const socket = connect(tcp);
    const log: string[] = [];
    let heard = '';
    socket.on('connect', () => log.push('connect'));
    socket.on('data', (chunk) => {
      heard += chunk;
    });
    socket.on('end', () => log.push('end'));
    socket.on('error', (error: NodeJS.ErrnoException) =>
      log.push(`${error.code} ${error.syscall}`),
    );
    const closed = closing(socket);
    // All of it has happened before the event loop looks.
    const start = Date.now();
    while (Date.now() - start < 40);
    await closed;
    assert.ok(heard.endsWith(LAST_WORD), `round ${i}: heard ${heard.length} bytes, ${log}`);
    assert.deepEqual(log, ['connect', 'ECONNRESET read']);
  }
});

test('a proxy by pipe passes the answer on', async (scope) => {
  const { tcp } = await startRefusing(scope, 'answer');
  const proxy = createServer({ allowHalfOpen: true }, (near) => {
    const far = connect({ ...tcp, allowHalfOpen: true });
    near.on('error', () => {});
    far.on('error', () => {});
    // Nobody reads it any more, so it hears of nothing.
    scope.defer(() => near.destroy());
    far.on('close', () => near.end());
    near.pipe(far);
    far.pipe(near, { end: false });
  });
  scope.defer(() => proxy.close());
  await once(proxy.listen(0, '127.0.0.1'), 'listening');
  const { port } = proxy.address() as AddressInfo;
  for (let i = 0; i < 30; i++) {
    const client = connectPlain(port, '127.0.0.1');
    let heard = '';
    client.on('error', () => {});
    client.on('data', (chunk) => {
      heard += chunk;
    });
    const closed = closing(client);
    client.write(bytes(1 << 23));
    const answered = once(client, 'end').catch(() => {});
    await Promise.race([answered, closed]);
    assert.ok(heard.endsWith(LAST_WORD), `round ${i}: heard ${heard.length} bytes`);
    client.destroy();
  }
});

function post(options: http.RequestOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    let status = 0;
    const headers = { 'content-length': 1 << 25 };
    const request = http.request({ method: 'POST', headers, ...options });
    request.on('response', (response) => {
      status = response.statusCode ?? 0;
      response.resume().on('end', () => resolve(status));
      response.on('error', reject);
    });
    request.on('error', (error) => {
      if (status === 0) reject(error);
    });
    request.write(bytes(1 << 24));
    request.end(bytes(1 << 24));
  });
}

test('http.request hears that its upload is refused, by HttpAgent as well', async (scope) => {
  const { tcp } = await startRefusing(scope, 'answer');
  const agent = new HttpAgent();
  scope.defer(() => agent.destroy());
  const createConnection = (): Socket => connect(tcp);
  for (let i = 0; i < 40; i++) {
    assert.equal(await post({ ...tcp, createConnection }), 413);
    assert.equal(await post({ ...tcp, agent }), 413);
  }
});
