/** One socket that does what its script says, and checks what comes back. */
import type { Socket } from '#internal/net/socket/socket';
import { perform } from './operations.js';
import { PatternCheck, type PatternSource } from './pattern.js';
import type { Operation, Script } from './plan.js';
import type { Run } from './run.js';
import { SocketWatch } from './watch.js';

/** What a handler throws on purpose. */
export class PlantedThrow extends Error {}

const THROWING_EVENTS = ['data', 'end', 'connect', 'drain', 'close', 'finish', 'timeout'] as const;
const BUFFERING = new Set<Operation | 'nothing'>(['pause', 'pauseInData', 'readByHand', 'throw']);
/** Timers and clocks may be off by this much. */
const TOLERANCE_MS = 3;

export class Actor {
  readonly watch: SocketWatch;
  source: PatternSource;
  check = new PatternCheck();
  /** Next time this event comes, its handler throws. */
  throwIn: string | null = null;
  hasThrown = false;
  /** What to do once, in the next handler of bytes. */
  inData: (() => void)[] = [];
  controller: AbortController | null = null;
  reconnect: (() => void) | null = null;
  closed = false;
  /** What it does in the tick of `connect`. */
  first: Operation | 'nothing' = 'nothing';
  /** How far a `pipe` is with the stream, which it ends itself; null where there is none. */
  piped: 'under way' | 'cut short' | 'whole' | null = null;
  /** Handed to write() with a callback, and how many came back. */
  issued = 0;
  readonly answered: boolean[] = [];
  private lastSuccess = -1;
  private lastActivityMs = 0;
  timeoutMs = 0;
  private timeouts = 0;

  constructor(
    readonly run: Run,
    readonly socket: Socket,
    readonly script: Script,
    readonly isServerSide: boolean,
    readonly name: string,
  ) {
    this.source = run.makeSource(this);
    this.watch = new SocketWatch(socket, isServerSide, (problem) => this.wrong(problem));
    this.listen();
    for (const action of script.actions) {
      setTimeout(() => {
        if (!run.quiescing && !this.closed) perform(this, action);
      }, action.afterMs);
    }
  }

  wrong(problem: string): void {
    this.run.wrong(`${this.name}: ${problem}`);
  }

  get echoes(): boolean {
    return this.script.echo !== 'no';
  }

  /** Whether it is for the script to write and to end. */
  get speaks(): boolean {
    return (
      !this.echoes && this.piped === null && !this.socket.writableEnded && !this.socket.destroyed
    );
  }

  /** Bytes may be handed over later than they came: then it is not known when they did. */
  private get mayBuffer(): boolean {
    if (this.echoes || BUFFERING.has(this.first)) return true;
    return this.script.actions.some(({ operation }) => BUFFERING.has(operation));
  }

  active(): void {
    this.lastActivityMs = this.run.nowMs;
  }

  private listen(): void {
    const { socket } = this;
    socket.on('data', (chunk: Buffer) => this.onData(chunk));
    socket.on('end', () => this.onEnd());
    socket.on('connect', () => this.onConnect());
    socket.on('timeout', () => this.onTimeout());
    socket.on('error', () => {});
    socket.on('close', () => this.onClose());
    if (this.script.echo === 'pipe') socket.pipe(socket);
    if (this.script.echo === 'write') socket.on('end', () => socket.end());
    for (const event of THROWING_EVENTS) socket.on(event, () => this.maybeThrow(event));
  }

  private onConnect(): void {
    this.active();
    const { run, socket } = this;
    if (run.namesMayFail || !run.isTcp(this) || socket.remotePort !== undefined) return;
    this.wrong("'connect' of a socket that has no peer");
  }

  maybeThrow(event: string): void {
    if (this.throwIn !== event) return;
    this.throwIn = null;
    this.hasThrown = true;
    this.run.thrown++;
    this.run.census.add(`throws in ${event}`);
    throw new PlantedThrow(`${this.name} in '${event}'`);
  }

  /** Bytes came in, by 'data' or by the user's own buffer. */
  takeBytes(chunk: Uint8Array): void {
    this.active();
    this.run.bytes += chunk.length;
    const problem = this.check.take(chunk);
    if (problem !== null) this.wrong(problem);
    if (this.check.key >= 0 && this.echoes) this.run.echoOf.set(this.check.key, this);
  }

  private onData(chunk: Buffer): void {
    this.takeBytes(chunk);
    if (this.script.echo === 'write' && !this.socket.writableEnded) {
      if (!this.send(chunk)) {
        this.socket.pause();
        this.socket.once('drain', () => this.socket.resume());
      }
    }
    const todo = this.inData;
    this.inData = [];
    for (const one of todo) one();
  }

  /** Writes with a callback that has to come exactly once. */
  send(chunk: Uint8Array, then?: () => void): boolean {
    const index = this.issued++;
    this.run.calls++;
    if (this.watch.ends > 0) this.run.census.add("half-close: bytes behind the peer's end");
    return this.socket.write(chunk, (error) => {
      this.answer(index, error ?? null);
      if (!error && then) then();
      this.maybeThrow('callback');
    });
  }

  answer(index: number, error: Error | null): void {
    if (this.answered[index]) this.wrong(`the callback of write ${index} ran twice`);
    this.answered[index] = true;
    if (error !== null) return;
    this.active();
    if (index < this.lastSuccess) this.wrong(`write ${index} after ${this.lastSuccess}`);
    this.lastSuccess = index;
  }

  /** The peer has ended: all it sent must be here, if it ended well. */
  private onEnd(): void {
    this.active();
    const { key, receivedBytes } = this.check;
    const { bytesRead } = this.socket;
    if (bytesRead !== receivedBytes) this.wrong(`bytesRead ${bytesRead}, got ${receivedBytes}`);
    if (key < 0) return;
    const mirror = key === this.source.key ? this.run.echoOf.get(key) : undefined;
    if (mirror !== undefined) {
      const wanted = mirror.check.receivedBytes;
      if (mirror.watch.finishes > 0 && wanted !== receivedBytes) {
        this.wrong(`the echo ended after ${receivedBytes} bytes, not ${wanted}`);
      }
      return;
    }
    const sender = this.run.senders.get(key);
    if (sender === undefined || sender.source.key !== key) return;
    // FIN leaves before 'finish' is emitted.
    const { destroyed, writableEnded } = sender.socket;
    if (sender.watch.finishes > 0 || (writableEnded && !destroyed)) {
      // The socket was ended before the pipe: by the peer's end, without half-open.
      if (sender.piped !== null && sender.piped !== 'whole') return;
      const { sentBytes } = sender.source;
      if (sentBytes !== receivedBytes) this.wrong(`got ${receivedBytes} bytes of ${sentBytes}`);
    } else if (!destroyed) {
      this.wrong('an end that nobody sent');
    }
  }

  setTimeout(timeoutMs: number): void {
    const { socket } = this;
    this.timeoutMs = timeoutMs;
    this.active();
    socket.setTimeout(timeoutMs);
    const { timeouts, run } = this;
    const sinceMs = run.nowMs;
    const { sentBytes } = this.source;
    // Bytes that leave later are activity which nobody reports.
    const hasUnsent = socket.writableLength > 0;
    setTimeout(
      () => {
        const same = this.timeoutMs === timeoutMs && this.source.sentBytes === sentBytes;
        const quiet = this.lastActivityMs <= sinceMs && socket.writableLength === 0;
        if (
          same &&
          quiet &&
          !hasUnsent &&
          !this.mayBuffer &&
          !this.closed &&
          !socket.destroyed &&
          !this.hasThrown
        ) {
          if (this.timeouts === timeouts) this.wrong(`no 'timeout' after ${timeoutMs} ms`);
        }
      },
      timeoutMs + 2 * TOLERANCE_MS,
    );
  }

  private onTimeout(): void {
    this.timeouts++;
    const idleMs = this.run.nowMs - this.lastActivityMs;
    if (!this.mayBuffer && idleMs < this.timeoutMs - TOLERANCE_MS) {
      this.wrong(`'timeout' after ${idleMs} ms of ${this.timeoutMs}`);
    }
    if (this.timeouts % 2 === 0) this.socket.destroy();
  }

  private onClose(): void {
    const { reconnect } = this;
    this.closed = true;
    this.timeoutMs = 0;
    if (reconnect === null || this.run.quiescing || this.hasThrown) return;
    // What nobody read stays in Node's Readable, also when the socket connects anew.
    if (this.socket.readableLength > 0) return;
    this.reconnect = null;
    setTimeout(() => {
      if (this.run.quiescing) return;
      this.closed = false;
      this.check = new PatternCheck();
      this.source = this.run.makeSource(this);
      this.piped = null;
      this.watch.begin();
      reconnect();
    }, 1);
  }

  /** Faults are over: ends what is open, and reads what comes. */
  quiesce(): void {
    const { socket } = this;
    this.throwIn = null;
    this.inData = [];
    if (this.closed) return;
    socket.removeAllListeners('readable');
    if (this.timeoutMs > 0) socket.setTimeout(0);
    this.timeoutMs = 0;
    if (this.hasThrown || (!socket.connecting && socket.pending)) {
      socket.destroy();
      return;
    }
    while (socket.writableCorked > 0) socket.uncork();
    socket.resume();
    // An echo ends when its source has, with all of it sent back.
    if (this.speaks) socket.end();
  }

  private countEnds(): void {
    const { order } = this.watch;
    if (order === null) return;
    const peer = this.run.senders.get(this.check.key);
    const cross = order === 'own end first' && peer !== this && peer?.watch.order === order;
    this.run.census.add(`half-close: ${cross ? 'both ends cross' : order}`);
  }

  /** All is over: every callback must have run. */
  finish(): void {
    if (!this.closed) this.wrong('never closed');
    this.countEnds();
    let missing = 0;
    for (let i = 0; i < this.issued; i++) if (!this.answered[i]) missing++;
    // A callback that throws takes those behind it along, in Node's Writable.
    if (missing > 0 && !this.hasThrown)
      this.wrong(`${missing} of ${this.issued} write callbacks never ran`);
  }
}
