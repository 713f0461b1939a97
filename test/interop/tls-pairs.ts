/**
 * A TLS connection of which one end is the built-in's all through, and the other stands on a socket
 * of the make under test. What either socket of that end tells is noted in its order.
 */
import { once } from 'node:events';
import builtin from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import tls from 'node:tls';
import ours from 'barewire/node';
import type { Scope } from '../kit/test.js';
import { certificate } from './certificate.js';

export const MAKES = { builtin, ours: ours as unknown as typeof builtin };
export type Make = keyof typeof MAKES;
export type Role = 'server' | 'client';

/** One end of a connection. */
export interface End {
  readonly raw: builtin.Socket;
  readonly secured: tls.TLSSocket;
}

const EVENTS = ['connect', 'ready', 'secureConnect', 'secure', 'end', 'finish', 'timeout', 'drain'];

function described(value: unknown): string {
  if (value instanceof Error) return `(${(value as NodeJS.ErrnoException).code ?? value.message})`;
  return typeof value === 'boolean' ? `(${value})` : '';
}

/** Notes what `socket` tells. */
export function note(socket: Duplex, name: string, events: string[]): void {
  for (const event of EVENTS) socket.on(event, () => events.push(`${name} ${event}`));
  for (const event of ['error', 'close']) {
    socket.on(event, (value: unknown) => events.push(`${name} ${event}${described(value)}`));
  }
}

/** How a socket stands: what programs ask it for. */
export function standing({ raw, secured }: End): string {
  const of = (socket: builtin.Socket): string =>
    [socket.readyState, socket.destroyed, socket.pending, socket.connecting].join(' ');
  return `raw ${of(raw)}, secured ${of(secured)}`;
}

/** Whether the make under test stands on a handle that is Node's own, as the built-in's do. */
export function isNative({ secured }: End): boolean {
  const { _handle: handle } = secured as unknown as { _handle: { _parent: object } | null };
  return ['TCP', 'Pipe'].includes(handle?._parent.constructor.name ?? '');
}

/** What both ends are made with. */
export interface Plan {
  readonly serverOptions?: tls.TLSSocketOptions;
  readonly clientOptions?: tls.ConnectionOptions;
  /** A UNIX path in place of a port. */
  readonly path?: string;
  /** Not before it has heard `'connect'` is the client put under TLS. */
  readonly afterConnect?: boolean;
  /** Called with each socket before TLS has it. */
  readonly before?: (raw: builtin.Socket, role: Role) => void;
  /** The handshake is not to be waited for. */
  readonly unfinished?: boolean;
}

export interface Pair {
  readonly server: End;
  readonly client: End;
  readonly events: string[];
}

function accepting(
  net: typeof builtin,
  plan: Plan,
  events: string[] | null,
  made: (end: End) => void,
): builtin.Server {
  return net.createServer((raw) => {
    if (events !== null) note(raw, 'raw', events);
    plan.before?.(raw, 'server');
    const options = { isServer: true, ...certificate(), ...plan.serverOptions };
    const secured = new tls.TLSSocket(raw, options);
    if (events === null) secured.on('error', () => {});
    else note(secured, 'secured', events);
    made({ raw, secured });
  });
}

async function connecting(
  net: typeof builtin,
  plan: Plan,
  to: { port: number } | { path: string },
  events: string[] | null,
): Promise<End> {
  const raw = net.connect({ ...to, host: '127.0.0.1' } as builtin.TcpNetConnectOpts);
  if (events === null) raw.on('error', () => {});
  else note(raw, 'raw', events);
  plan.before?.(raw, 'client');
  if (plan.afterConnect) await once(raw, 'connect');
  const { cert } = certificate();
  const options = { socket: raw, ca: cert, servername: 'localhost', ...plan.clientOptions };
  const secured = tls.connect(options);
  if (events === null) secured.on('error', () => {});
  else note(secured, 'secured', events);
  return { raw, secured };
}

/** Both ends of a connection whose `role` is of the make under test. */
export async function makePair(
  scope: Scope,
  make: Make,
  role: Role,
  plan: Plan = {},
): Promise<Pair> {
  const events: string[] = [];
  let arrived: (end: End) => void = () => {};
  const accepted = new Promise<End>((resolve) => {
    arrived = resolve;
  });
  const isServer = role === 'server';
  const noted = isServer ? events : null;
  const listener = accepting(isServer ? MAKES[make] : builtin, plan, noted, arrived);
  listener.listen(plan.path === undefined ? { port: 0, host: '127.0.0.1' } : { path: plan.path });
  await once(listener, 'listening');
  const address = listener.address();
  const to = typeof address === 'object' ? { port: address?.port ?? 0 } : { path: address };
  const net = isServer ? builtin : MAKES[make];
  const client = await connecting(net, plan, to, isServer ? null : events);
  const server = await accepted;
  scope.defer(() => {
    listener.close();
    for (const { raw, secured } of [server, client]) {
      secured.destroy();
      raw.destroy();
    }
  });
  for (const { secured } of [server, client]) secured.resume();
  if (!plan.unfinished) await handshaken(server, client);
  return { server, client, events };
}

/** Until both ends have done the handshake, and what TLS 1.3 sends behind it has come. */
async function handshaken(server: End, client: End): Promise<void> {
  const greeted = once(client.secured, 'data');
  server.secured.write('hello');
  await greeted;
  const answered = once(server.secured, 'data');
  client.secured.write('hello');
  await answered;
}

/** What `end` has told after a while in which nothing more is to come. */
export async function settled(events: readonly string[], end: End): Promise<string[]> {
  const sockets = [end.raw, end.secured];
  const over = sockets.map((socket) => (socket.closed ? null : once(socket, 'close')));
  await Promise.race([Promise.all(over).catch(() => {}), sleep(400)]);
  await sleep(20);
  return [...events, standing(end)];
}
