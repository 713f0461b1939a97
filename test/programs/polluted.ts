/**
 * Uses every part of the package with options that name little, while values lie on
 * `Object.prototype`, as a fault in a program lets a peer put them there. Prints what came out
 * differently from what comes out without them; nothing where all is well.
 */
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import type http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHttpServer } from 'barewire/interop';
import net from 'barewire/node';
import promises from 'barewire/node/promises';
import { simulate } from 'barewire/testing';
import { linux } from '#internal/sys/linux';

const WAIT_MS = 3_000;

const NAMES = [
  // of sockets and connect
  ...['port', 'host', 'path', 'localAddress', 'localPort', 'family', 'hints', 'lookup', 'timeout'],
  ...['autoSelectFamily', 'autoSelectFamilyAttemptTimeout', 'fd', 'handle', 'readable', 'writable'],
  ...['signal', 'onread', 'keepAliveInitialDelay', 'typeOfService', 'blockList', 'manualStart'],
  ...['pauseOnCreate', 'highWaterMark', 'readableHighWaterMark', 'writableHighWaterMark'],
  ...['objectMode', 'readableObjectMode', 'writableObjectMode', 'buffer', 'callback'],
  // of Node's streams
  ...['read', 'write', 'writev', 'final', 'destroy', 'construct', 'encoding', 'defaultEncoding'],
  ...['autoDestroy', 'emitClose', 'captureRejections', 'decodeStrings'],
  // of servers and listen
  ...['allowHalfOpen', 'pauseOnConnect', 'noDelay', 'keepAlive', 'backlog', 'exclusive'],
  ...['ipv6Only', 'reusePort', 'readableAll', 'writableAll', '_handle', 'maxConnections'],
  ...['dropMaxConnection', 'connectionListener', '_pipeName'],
  // of lookups, addresses and setKeepAlive
  ...['all', 'verbatim', 'order', 'address', 'flowlabel', 'enable', 'initialDelay', 'interval'],
  ...['count', 'keepAliveDelaySeconds', 'keepAliveIntervalSeconds', 'keepAliveCount'],
  // of what streams say to their owners, of interop and of simulations
  ...['scope', 'readInto', 'forward', 'socketPath', 'seed', 'hosts', 'link', 'faults', 'profile'],
  ...['trace', 'onUncaught', 'timeMaxMs', 'stepsMax', 'latencyMs', 'addresses', 'sendBytes'],
] as const;

/** What Node's own http falls over, wherever its connections come from. */
const IN_HTTP: ReadonlySet<string> = new Set([
  ...['timeout', 'signal', 'encoding', 'defaultEncoding', 'writable', 'highWaterMark'],
  ...['keepAliveInitialDelay', 'captureRejections', 'blockList'],
]);

/** An emitter of Node's takes it for listeners where there is such an event: names have one. */
const inEvents = (which: string, name: string): boolean =>
  name === 'lookup' && (which === 'name' || which === 'simulation');

const VALUES: readonly unknown[] = [true, 0, 1, 5, 'x', {}];

/** What the kernel has, of a socket's own descriptor. */
function kernelOptions(socket: { _handle: { fd?: number } | null }): string {
  const { IPPROTO_TCP, SOL_SOCKET, ...names } = linux.constants;
  const fd = socket._handle?.fd ?? -1;
  const read = (level: number, name: number): number => {
    const bytes = Buffer.alloc(4);
    return linux.getsockopt(fd, level, name, bytes) === 4 ? bytes.readInt32LE(0) : -1;
  };
  return [
    read(IPPROTO_TCP, names.TCP_NODELAY),
    read(SOL_SOCKET, names.SO_KEEPALIVE),
    read(IPPROTO_TCP, names.TCP_KEEPIDLE),
    read(IPPROTO_TCP, names.TCP_KEEPINTVL),
    read(IPPROTO_TCP, names.TCP_KEEPCNT),
  ].join(',');
}

interface Stateful {
  readonly allowHalfOpen: boolean;
  readonly readableHighWaterMark: number;
  readonly writableHighWaterMark: number;
  readonly readableObjectMode: boolean;
  isPaused(): boolean;
  readonly _handle: { fd?: number } | null;
}

function stateOf(socket: Stateful): string {
  const { allowHalfOpen, readableHighWaterMark, writableHighWaterMark } = socket;
  const marks = `${readableHighWaterMark},${writableHighWaterMark},${socket.readableObjectMode}`;
  return `${allowHalfOpen} ${marks} ${socket.isPaused()} ${kernelOptions(socket)}`;
}

type Say = (...what: unknown[]) => void;

const path = join(tmpdir(), `bw-polluted-${process.pid}`);

async function talk(say: Say, where: object): Promise<void> {
  const server = net.createServer((socket) => {
    say(stateOf(socket as unknown as Stateful));
    socket.pipe(socket);
  });
  server.listen({ ...where });
  await once(server, 'listening');
  const at = server.address();
  say(typeof at === 'string' ? at : at?.address, server.allowHalfOpen, server.highWaterMark);
  const to = typeof at === 'string' ? { path: at } : { ...where, port: at?.port ?? 0 };
  const client = net.connect(to);
  await once(client, 'connect');
  say(stateOf(client as unknown as Stateful), client.remoteAddress);
  client.setKeepAlive({ enable: true } as unknown as boolean);
  say(kernelOptions(client as unknown as Stateful));
  client.write('hello');
  say(String((await once(client, 'data'))[0]));
  client.end();
  await once(client, 'close');
  server.close();
  await once(server, 'close');
}

async function usePromises(say: Say): Promise<void> {
  const server = await promises.listen({ host: '127.0.0.1' });
  const at = server.address();
  if (at === null || typeof at === 'string') throw new Error(`listens on ${at}`);
  const connections = promises.connections(server as never);
  const accepted = connections.next();
  const client = await promises.connect({ port: at.port, host: '127.0.0.1' });
  const { value } = await accepted;
  say(stateOf(client as unknown as Stateful), value?.remoteAddress);
  client.destroy();
  value?.destroy();
  await connections.return?.();
  await server.close();
}

async function useInterop(say: Say): Promise<void> {
  const server = createHttpServer((_request, response) => response.end('answer'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const [socket] = await Promise.all([once(server, 'connection'), get(say, server)]);
  say((socket[0] as Stateful).allowHalfOpen);
  server.close();
}

function get(say: Say, server: http.Server): Promise<void> {
  const at = server.address();
  const port = typeof at === 'object' && at !== null ? at.port : 0;
  return new Promise((resolve) => {
    const client = net.connect(port, '127.0.0.1', () => {
      client.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    });
    client.on('data', (data) => say(String(data).split('\r\n')[0]));
    client.on('close', () => resolve());
  });
}

function useAddresses(say: Say): void {
  say(JSON.stringify(new net.SocketAddress()), JSON.stringify(new net.SocketAddress({})));
  const list = new net.BlockList();
  list.addAddress('10.0.0.1');
  say(list.check('10.0.0.1'), list.check('10.0.0.2'), list.rules);
  const bound = new net.BoundSocket({});
  say((bound.address() as { address: string }).address);
  bound.close();
}

async function useSimulation(say: Say): Promise<void> {
  const hosts = ['a', { name: 'b' }];
  const text = await simulate({ hosts }, async ({ hosts: { a, b }, world }) => {
    const server = b?.net.createServer((socket) => socket.end('simulated')).listen(80);
    const socket = a?.net.connect(80, 'b');
    if (socket === undefined || server === undefined) return 'no host';
    const [data] = await once(socket, 'data');
    await once(socket.end(), 'close');
    server.close();
    world.fail('accept', 'EMFILE');
    return `${data} ${world.fingerprint}`;
  });
  say(text);
}

const scenarios: Readonly<Record<string, (say: Say) => unknown>> = {
  address: (say) => talk(say, { port: 0, host: '127.0.0.1' }),
  name: (say) => talk(say, { port: 0, host: 'localhost' }),
  path: (say) => talk(say, { path }),
  promises: usePromises,
  interop: useInterop,
  addresses: useAddresses,
  simulation: useSimulation,
};

const uncaught: string[] = [];
process.on('uncaughtException', (error) => uncaught.push(`uncaught ${error}`));

async function outcome(run: (say: Say) => unknown): Promise<string> {
  const said: string[] = [];
  uncaught.length = 0;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(() => {
      said.push('did not end');
      resolve();
    }, WAIT_MS);
  });
  const done = (async () => run((...what) => said.push(what.map(String).join(' '))))();
  await Promise.race([done.catch((error: unknown) => said.push(`throws ${error}`)), late]);
  clearTimeout(timer);
  return [...said, ...uncaught].join('; ');
}

const root = Object.prototype as unknown as Record<string, unknown>;

async function main(which: string): Promise<void> {
  const run = scenarios[which];
  if (run === undefined) throw new Error(`there is no scenario ${which}`);
  // Twice: what is loaded at first use is loaded then.
  await outcome(run);
  const usual = await outcome(run);
  if (/throws|did not end|uncaught/.test(usual)) console.log(`without anything: ${usual}`);
  for (const name of NAMES) {
    if (name in root || inEvents(which, name)) continue;
    if (which === 'interop' && IN_HTTP.has(name)) continue;
    for (const value of VALUES) {
      root[name] = value;
      const found = await outcome(run);
      Reflect.deleteProperty(root, name);
      if (found === usual) continue;
      console.log(`${name} = ${JSON.stringify(value)}: ${found}\n    in place of: ${usual}`);
    }
  }
}

void main(process.argv[2] ?? '').then(() => {
  rmSync(path, { force: true });
  process.exit();
});
