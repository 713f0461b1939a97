/** One server that listens, closes and listens again as planned. */
import type { Server } from '#internal/net/server/server';
import type { Socket } from '#internal/net/socket/socket';
import { Actor, PlantedThrow } from './actor.js';
import type { ServerPlan } from './plan.js';
import type { Run } from './run.js';

export const PORT_FIRST = 8000;
const RELISTEN_MS = 5;
/** A server whose listening fails gives up after this many times. */
const FAILURES_MAX = 10;

export class ServerActor {
  readonly server: Server;
  readonly actors: Actor[] = [];
  /** `close` was called, and how often its callback ran. */
  private closing = 0;
  private closedCallbacks = 0;
  private failures = 0;
  private raced = false;

  constructor(
    readonly run: Run,
    readonly plan: ServerPlan,
  ) {
    const { net } = run.host(plan.host);
    const { allowHalfOpen, pauseOnConnect, highWaterMark, maxConnections } = plan;
    const mark = highWaterMark === null ? {} : { highWaterMark };
    this.server = net.createServer({ allowHalfOpen, pauseOnConnect, ...mark });
    if (maxConnections !== null) this.server.maxConnections = maxConnections;
    this.server.on('connection', (socket) => this.onConnection(socket));
    this.server.on('listening', () => this.onListening());
    this.server.on('error', () => this.onError());
    this.server.on('close', () => this.onClose());
    setTimeout(() => this.listen(), plan.listenAtMs);
    if (plan.closeAtMs !== null) setTimeout(() => this.close(), plan.closeAtMs);
  }

  private get name(): string {
    return `server ${this.plan.id}`;
  }

  /** What to give to `connect`; of one kind with what `listen` gets. */
  target(byName: boolean): { port: number; host: string } | { path: string } {
    const { id, host, kind } = this.plan;
    if (kind === 'path') return { path: `/tmp/${id}.sock` };
    if (kind === 'abstract') return { path: `\0sim-${id}` };
    const [v4 = '', v6 = ''] = this.run.host(host).addresses;
    if (byName) return { port: PORT_FIRST + id, host };
    return { port: PORT_FIRST + id, host: kind === 'tcp6' ? v6 : v4 };
  }

  private listen(): void {
    const { run, server, plan } = this;
    if (server.listening || run.quiescing) return;
    run.calls++;
    run.note(this.name, 'listen');
    this.startListening();
    if (plan.race === 'closeAtOnce') this.closeInRace();
    if (plan.race === 'listenTwice') this.listenAgain();
  }

  /** A second `listen` where the first has not failed is refused. */
  private listenAgain(): void {
    const { run, server } = this;
    if (!server.listening) return;
    run.census.add('race: listenTwice');
    let code = 'nothing';
    try {
      this.startListening();
    } catch (error) {
      ({ code = 'no code' } = error as NodeJS.ErrnoException);
    }
    if (code !== 'ERR_SERVER_ALREADY_LISTEN') run.wrong(`${this.name}: a second listen: ${code}`);
  }

  /** Once only, as a server that always closes serves nobody. */
  private closeInRace(): void {
    if (this.raced || this.run.quiescing) return;
    this.raced = true;
    this.run.census.add(`race: ${this.plan.race}`);
    this.close();
  }

  private startListening(): void {
    const { run, server, plan } = this;
    const to = this.target(false);
    const { backlog, abortAtMs, kind } = plan;
    if ('path' in to) {
      server.listen({ path: to.path, backlog });
      return;
    }
    const host = kind === 'tcp6' ? '::' : '0.0.0.0';
    if (abortAtMs === null || abortAtMs <= run.nowMs) {
      server.listen({ port: to.port, host, backlog });
      return;
    }
    const controller = new AbortController();
    server.listen({ port: to.port, host, backlog, signal: controller.signal });
    setTimeout(() => controller.abort(), abortAtMs - run.nowMs);
  }

  private close(): void {
    const { run, server } = this;
    run.calls++;
    run.note(this.name, 'close');
    this.closing++;
    server.close(() => {
      this.closedCallbacks++;
    });
  }

  private onListening(): void {
    if (!this.server.listening) this.run.wrong(`${this.name}: 'listening' of one that does not`);
    if (this.run.quiescing) this.close();
    else if (this.plan.race === 'closeOnListening') this.closeInRace();
  }

  private onError(): void {
    if (++this.failures < FAILURES_MAX) setTimeout(() => this.listen(), RELISTEN_MS);
  }

  private onClose(): void {
    if (this.server.listening) return;
    const open = this.actors.filter(({ socket }) => !socket.destroyed);
    if (open.length > 0) this.run.wrong(`${this.name}: 'close' with ${open.length} open sockets`);
    if (this.plan.relisten) setTimeout(() => this.listen(), RELISTEN_MS);
  }

  private onConnection(socket: Socket): void {
    const { plan, run } = this;
    const script = plan.scripts[this.actors.length % plan.scripts.length];
    if (script === undefined) throw new Error('a server without scripts');
    const name = `${this.name} socket ${this.actors.length + 1}`;
    const actor = new Actor(run, socket, script, true, name);
    this.actors.push(actor);
    run.addActor(actor);
    if (plan.pauseOnConnect) setTimeout(() => socket.resume(), 5);
    if (plan.race === 'closeOnConnection') this.closeInRace();
    if (!plan.throwsOnConnection || run.quiescing || this.actors.length % 3 !== 0) return;
    run.thrown++;
    throw new PlantedThrow(`${name} in 'connection'`);
  }

  /** The plan begins again: listens if it has stopped. */
  restart(): void {
    if (this.failures > 0 || this.closing > 0) this.listen();
    this.failures = 0;
  }

  /** Faults are over: no new connections. */
  quiesce(): void {
    if (this.server.listening) this.close();
  }

  finish(): void {
    if (this.server.listening) this.run.wrong(`${this.name}: still listening`);
    const { closing, closedCallbacks } = this;
    if (closing !== closedCallbacks) {
      this.run.wrong(`${this.name}: close called ${closing} times, back ${closedCallbacks}`);
    }
    this.server.getConnections((_error, count) => {
      if (count !== 0) this.run.wrong(`${this.name}: counts ${count} connections`);
    });
  }
}
