/** `new Socket({handle})` with a handle that is not this package's, beside the built-in's. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import builtin from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import net from 'barewire/node';

interface NativeRequest {
  oncomplete: (status: number) => void;
  address?: string;
  port?: number;
}
type Make<Instance> = new (kind?: number) => Instance;
interface Native {
  connect(request: NativeRequest, address: string, port?: number): number;
}

/** Node's own bindings, as packages such as x11 reach them. */
function binding(name: string): Record<string, unknown> {
  const { process: node } = globalThis as unknown as {
    process: { binding(name: string): Record<string, unknown>; noDeprecation: boolean };
  };
  node.noDeprecation = true;
  return node.binding(name);
}

const pipes = binding('pipe_wrap');
const tcp = binding('tcp_wrap');

/** What a client on a native pipe hears that is wrapped first and connected later. */
async function lateConnect(Socket: typeof builtin.Socket, path: string): Promise<unknown[]> {
  const { IPC } = pipes['constants'] as { IPC: number };
  const pipe = new (pipes['Pipe'] as Make<Native>)(IPC);
  const options = { handle: pipe, pauseOnCreate: true, readable: true, writable: true };
  const socket = new Socket(options as builtin.SocketConstructorOpts);
  const seen: unknown[] = [];
  socket.setEncoding('utf8').on('data', (chunk: string) => seen.push(chunk));
  for (const name of ['end', 'error', 'close']) socket.on(name, (what) => seen.push(name, what));
  const request = new (pipes['PipeConnectWrap'] as Make<NativeRequest>)();
  request.address = path;
  request.oncomplete = (status) => {
    seen.push(status);
    socket.resume();
    socket.write('hi');
  };
  pipe.connect(request, path);
  await once(socket, 'close');
  return seen;
}

test('a native pipe that connects later works as on the built-in', async () => {
  const path = join(tmpdir(), `bw-native-${process.pid}.sock`);
  const server = net.createServer((socket) => {
    socket.once('data', (chunk) => socket.end(`echo ${chunk}`));
  });
  await once(server.listen(path), 'listening');
  const Ours = net.Socket as unknown as typeof builtin.Socket;
  const ours = await lateConnect(Ours, path);
  assert.deepEqual(ours, [0, 'echo hi', 'end', undefined, 'close', false]);
  assert.deepEqual(ours, await lateConnect(builtin.Socket, path));
  server.close();
});

test('a native TCP handle, a class that extends Socket, and one called without new', async () => {
  const server = net.createServer((socket) => socket.end('hello'));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as { port: number };
  class Mine extends net.Socket {
    mine(): string {
      return 'mine';
    }
  }
  type Old = net.Socket & { called?: boolean };
  function Old(this: Old, options: object): void {
    Reflect.apply(net.Socket as unknown as () => void, this, [options]);
    this.called = true;
  }
  Old.prototype = Object.create(net.Socket.prototype) as object;
  const later = { manualStart: true };
  const make = [
    (handle: object) => new net.Socket({ handle, ...later }),
    (handle: object) => new Mine({ handle, ...later }),
    (handle: object) => new (Old as unknown as new (options: object) => Old)({ handle, ...later }),
  ];
  const sockets: net.Socket[] = [];
  for (const one of make) {
    const { SOCKET } = tcp['constants'] as { SOCKET: number };
    const socket = one(new (tcp['TCP'] as Make<object>)(SOCKET));
    sockets.push(socket);
    socket.connect(port, '127.0.0.1');
    const chunks: unknown[] = [];
    for await (const chunk of socket) chunks.push(String(chunk));
    assert.deepEqual(chunks, ['hello']);
  }
  assert.equal((sockets[1] as Mine).mine(), 'mine');
  assert.equal((sockets[2] as Old).called, true);
  server.close();
});

test('what nothing can be read from throws when the socket is made', () => {
  for (const handle of [{}, { fd: 3 }, new Date()]) {
    assert.throws(() => new net.Socket({ handle }), { code: 'ERR_INVALID_HANDLE_TYPE' });
  }
});

test('_normalizeArgs puts arguments in order as the built-in does', () => {
  const normalize = (of: object): ((args: ArrayLike<unknown>) => unknown[]) =>
    (of as { _normalizeArgs: (args: ArrayLike<unknown>) => unknown[] })._normalizeArgs;
  const listener = (): void => {};
  const all = [
    [],
    [80],
    [80, 'host'],
    [80, 'host', listener],
    ['/path', listener],
    [{ port: 1 }, listener],
    ['80'],
    [listener],
  ];
  for (const args of all) {
    assert.deepEqual([...normalize(net)(args)], [...normalize(builtin)(args)], String(args));
  }
});
