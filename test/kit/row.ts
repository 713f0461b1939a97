/**
 * Makes a test for each profile, which fails if it leaves a descriptor open. The title of a test of
 * the contract begins with the id of its row.
 */
import { mkdtempSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import manualNet from 'barewire';
import nodeNet from 'barewire/node';
import type { Connect, NetModule } from '#internal/net/module';
import type { ServerOptions } from '#internal/net/options/server_options';
import type { Server } from '#internal/net/server/server';
import type { Socket } from '#internal/net/socket/socket';
import { linux } from '#internal/sys/linux';
import { peer } from './peer.js';
import { skipping } from './tools.js';
import { event, until } from './wait.js';

export type { Server, Socket };
export type ProfileName = 'barewire' | 'barewire/node';

/** What a test works with; everything it opens is closed when the test ends. */
export class Scope {
  private readonly cleanups: (() => unknown)[] = [];

  constructor(
    readonly profile: ProfileName,
    readonly net: NetModule,
    readonly t: TestContext,
  ) {}

  /** Runs `cleanup` when the test ends, the last one first. */
  defer(cleanup: () => unknown): void {
    this.cleanups.push(cleanup);
  }

  /** A server that is closed, with its connections, when the test ends. */
  server(
    options?: ServerOptions | null | ((socket: Socket) => void),
    listener?: (socket: Socket) => void,
  ): Server {
    const server =
      typeof options === 'function'
        ? this.net.createServer(options)
        : this.net.createServer(options, listener);
    return this.ownServer(server);
  }

  ownServer(server: Server): Server {
    server.on('connection', (socket) => this.own(socket));
    this.defer(() => server.close());
    return server;
  }

  /** Listens on a free port of 127.0.0.1 and returns it. */
  async port(server: Server): Promise<number> {
    server.listen(0, '127.0.0.1');
    await event(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    return address.port;
  }

  /** A socket that is destroyed when the test ends. */
  own(socket: Socket): Socket {
    this.defer(() => socket.destroy());
    return socket;
  }

  readonly connect: Connect = (...args: unknown[]): Socket => {
    return this.own((this.net.connect as (...args: unknown[]) => Socket)(...args));
  };

  /** A server's next connection. */
  async connection(server: Server): Promise<Socket> {
    const [socket] = await event<[Socket]>(server, 'connection');
    return socket;
  }

  /** A scratch folder that is removed when the test ends. */
  folder(): string {
    const path = mkdtempSync(join(tmpdir(), 'bw-'));
    this.defer(() => rmSync(path, { recursive: true, force: true }));
    return path;
  }

  async end(): Promise<void> {
    for (const cleanup of this.cleanups.reverse()) await cleanup();
    await peer.destroyAll();
  }
}

/** Sockets and pipes that the library owns. */
function descriptors(): number[] {
  return linux.ledger().filter((fd) => {
    try {
      return /^(socket|pipe):/.test(readlinkSync(`/proc/self/fd/${fd}`));
    } catch {
      return false;
    }
  });
}

async function run(scope: Scope, body: (scope: Scope) => unknown): Promise<void> {
  const before = new Set(descriptors());
  try {
    await body(scope);
  } finally {
    await scope.end();
  }
  const leaked = (): number[] => descriptors().filter((fd) => !before.has(fd));
  await until(
    () => leaked().length === 0,
    () => `descriptors ${leaked().join(', ')} to be closed`,
  );
}

interface RowOptions {
  readonly todo?: string;
}

/** Makes a test for each of the two profiles. */
export function row(
  title: string,
  body: (scope: Scope) => unknown,
  options: RowOptions = {},
): void {
  onProfile('barewire', title, body, options);
  onProfile('barewire/node', title, body, options);
}

/** Makes a test for one profile. */
export function onProfile(
  profile: ProfileName,
  title: string,
  body: (scope: Scope) => unknown,
  options: RowOptions = {},
): void {
  const net = profile === 'barewire' ? manualNet : nodeNet;
  test(`${title} [${profile}]`, options, (t) =>
    skipping(t, () => run(new Scope(profile, net, t), body)),
  );
}
