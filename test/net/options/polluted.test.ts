/**
 * Values on `Object.prototype` are not taken for options; inherited values of a user's class are.
 */
import assert from 'node:assert/strict';
import nodeNet, { type AddressInfo } from 'node:net';
import { test } from 'node:test';
import { runInNewContext } from 'node:vm';
import { runNode } from '../../kit/program.js';
import { row } from '../../kit/row.js';
import { event } from '../../kit/wait.js';

const PARTS = ['address', 'name', 'path', 'promises', 'interop', 'addresses', 'simulation'];

for (const part of PARTS) {
  test(`what lies on Object.prototype reaches nothing: ${part}`, async () => {
    const { stdout, stderr, code } = await runNode('polluted', [part]);
    assert.equal(`${stdout}${stderr}`, '');
    assert.equal(code, 0);
  });
}

const OPTIONS = { host: '127.0.0.1', allowHalfOpen: true, pauseOnConnect: true };

class Options {
  readonly #port: number;
  constructor(port: number) {
    this.#port = port;
  }
  get port(): number {
    return this.#port;
  }
  get host(): string {
    return OPTIONS.host;
  }
  get allowHalfOpen(): boolean {
    return OPTIONS.allowHalfOpen;
  }
  get pauseOnConnect(): boolean {
    return OPTIONS.pauseOnConnect;
  }
}

type Make = (port: number) => { port: number; host: string };

const SHAPES: Readonly<Record<string, Make>> = {
  plain: (port) => ({ port, ...OPTIONS }),
  'created over defaults': (port) => Object.assign(Object.create(OPTIONS), { port }),
  'created over nothing': (port) => Object.assign(Object.create(null), { port, ...OPTIONS }),
  'of a class': (port) => new Options(port),
  'of another realm': (port) =>
    runInNewContext(`(${JSON.stringify({ ...OPTIONS, port })})`) as ReturnType<Make>,
  'a proxy': (port) => new Proxy({ port, ...OPTIONS }, {}),
  'a proxy that answers alone': (port) => {
    const all: Record<PropertyKey, unknown> = { port, ...OPTIONS };
    return new Proxy({}, { get: (_, name) => all[name] }) as ReturnType<Make>;
  },
};

/** What becomes of options of this shape, wherever they can be passed. */
async function taken(net: typeof nodeNet, make: Make): Promise<string> {
  const server = net.createServer(make(0) as object);
  const { allowHalfOpen, pauseOnConnect } = server as unknown as typeof OPTIONS;
  server.on('connection', (socket) => socket.destroy());
  server.listen(make(0));
  await event(server, 'listening');
  const { address, port } = server.address() as AddressInfo;
  const socket = net.connect(make(port));
  await event(socket, 'connect');
  const made = new net.Socket(make(port) as object);
  const seen = [allowHalfOpen, pauseOnConnect, address, socket.allowHalfOpen, made.allowHalfOpen];
  socket.destroy();
  server.close();
  return seen.join();
}

row('options of every shape are taken as node:net takes them', async (s) => {
  for (const [name, make] of Object.entries(SHAPES)) {
    const ours = await taken(s.net as unknown as typeof nodeNet, make);
    assert.equal(ours, await taken(nodeNet, make), name);
  }
});

row('a signal that is nobody’s option closes nothing', async (s) => {
  const root = Object.prototype as { signal?: AbortSignal };
  s.defer(() => Reflect.deleteProperty(root, 'signal'));
  root.signal = AbortSignal.abort();
  const server = s.server();
  const port = await s.port(server);
  const socket = s.connect(port, '127.0.0.1');
  await event(socket, 'connect');
  assert.equal(server.listening, true);
});
