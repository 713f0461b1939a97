/** What an actor can do with its socket, by name. */
import { Readable } from 'node:stream';
import type { Actor } from './actor.js';
import { speakAndClose } from './last-words.js';
import { WRITE_BYTES_MAX } from './pattern.js';
import type { Action, Operation } from './plan.js';

type Perform = (actor: Actor, amount: number) => void;

/** Writes `amount` bytes of the actor's stream, where that is allowed. */
function write(actor: Actor, amount: number, then?: () => void): void {
  if (!actor.speaks) return;
  actor.send(actor.source.next(Math.min(amount, WRITE_BYTES_MAX)), then);
}

function end(actor: Actor, amount: number | null): void {
  const { socket } = actor;
  if (!actor.speaks) return;
  // Node's Duplex drops this callback where a destroy comes first, so it may run once, or never.
  let ran = false;
  const answer = (): void => {
    if (ran) actor.wrong("the callback of 'end' ran twice");
    ran = true;
  };
  if (amount === null) socket.end(answer);
  else socket.end(actor.source.next(amount), answer);
}

function pause(actor: Actor, forMs: number): void {
  const { socket } = actor;
  socket.pause();
  setTimeout(() => {
    if (!socket.destroyed) socket.resume();
  }, forMs);
}

function readByHand(actor: Actor, size: number): void {
  const { socket } = actor;
  if (actor.echoes || socket.listenerCount('readable') > 0) return;
  socket.on('readable', () => {
    // 'data' is emitted for what is read; that is where it is checked.
    for (let i = 0; i < 10_000; i++) {
      const most = Math.min(Math.max(size, 1), socket.readableLength || 1);
      if (socket.read(most) === null) break;
    }
  });
}

function options(actor: Actor, amount: number): void {
  const { socket } = actor;
  socket.setNoDelay(amount % 2 === 0);
  socket.setKeepAlive(amount % 3 === 0, 1000 * (amount % 5));
  try {
    socket.setTypeOfService(amount % 256);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
  }
}

function names(actor: Actor): void {
  const { socket } = actor;
  const all = [socket.address(), socket.remoteAddress, socket.remotePort, socket.localAddress];
  const state = [socket.readyState, socket.pending, socket.bytesWritten, socket.bufferSize];
  if (all.length + state.length !== 8) actor.wrong('names');
  const { bytesRead } = socket;
  // With a user's buffer or buffered chunks the reader is behind the socket, never before it.
  if (bytesRead < actor.check.receivedBytes && !actor.closed) {
    actor.wrong(`bytesRead ${bytesRead}, but ${actor.check.receivedBytes} came`);
  }
}

/** Sends `amount` bytes by `pipe` from a stream that is read when the socket has room. */
function pipeIn(actor: Actor, amount: number): void {
  const { socket, source } = actor;
  if (!actor.speaks) return;
  let left = amount;
  const readable = new Readable({
    read(size) {
      const part = Math.min(left, size, WRITE_BYTES_MAX);
      left -= part;
      // A copy: the table that patterns are cut from is one for all.
      this.push(part > 0 ? Buffer.from(source.next(part)) : null);
    },
  });
  actor.piped = 'under way';
  // Before the listener of `pipe`, which ends the socket.
  readable.on('end', () => {
    if (actor.source === source) actor.piped = socket.writableEnded ? 'cut short' : 'whole';
  });
  readable.pipe(socket);
}

const THROW_IN = ['data', 'end', 'connect', 'drain', 'close', 'finish', 'timeout', 'callback'];

/** How many sockets a broadcast goes to. */
const BROADCAST_TO = 5;

const operations: Readonly<Record<Operation, Perform>> = {
  write,
  writeMany: (actor, amount) => {
    for (let i = 0; i < 1 + (amount % 40); i++) write(actor, amount % 97);
  },
  writeCorked: (actor, amount) => {
    actor.socket.cork();
    for (let i = 0; i < 3; i++) write(actor, amount);
    if (amount % 2 === 0) actor.socket.uncork();
    else process.nextTick(() => actor.socket.uncork());
  },
  writeInData: (actor, amount) => actor.inData.push(() => write(actor, amount)),
  writeInCallback: (actor, amount) =>
    write(actor, amount, () => write(actor, amount, () => write(actor, 1))),
  pause: (actor, amount) => pause(actor, amount % 1000),
  pauseInData: (actor, amount) => actor.inData.push(() => pause(actor, amount % 500)),
  readByHand,
  end: (actor) => end(actor, null),
  endWith: end,
  destroy: (actor) => actor.socket.destroy(),
  destroyWithError: (actor) => actor.socket.destroy(new Error('on purpose')),
  destroyInData: (actor) => actor.inData.push(() => actor.socket.destroy()),
  destroyInCallback: (actor, amount) => write(actor, amount, () => actor.socket.destroy()),
  destroySoon: (actor) => {
    if (!actor.echoes && actor.piped === null) actor.socket.destroySoon();
  },
  reset: (actor) => {
    if (actor.run.isTcp(actor)) actor.socket.resetAndDestroy();
  },
  timeout: (actor, amount) => actor.setTimeout(1 + amount),
  throw: (actor, amount) => {
    actor.throwIn = THROW_IN[amount % THROW_IN.length] ?? null;
  },
  options,
  names,
  unref: (actor, amount) => {
    actor.socket.unref();
    if (amount % 2 === 0) actor.socket.ref();
  },
  broadcast: (actor, amount) => {
    const { actors } = actor.run;
    const from = actors.indexOf(actor);
    for (let i = 0; i < BROADCAST_TO; i++) {
      const other = actors[(from + i) % actors.length];
      if (other === undefined || other.closed) continue;
      // The first one's callback throws, which is not the others' business.
      if (i === 0 && amount % 2 === 0) other.throwIn = 'callback';
      write(other, amount);
    }
  },
  pipeIn,
  lastWords: speakAndClose,
  abort: (actor) => actor.controller?.abort(),
  reconnect: (actor, amount) => {
    if (actor.isServerSide || actor.controller !== null) return;
    actor.run.planReconnect(actor);
    if (amount % 2 === 0) actor.socket.destroy();
  },
};

/** Does what `action` says; a throw is the library's own, and a problem. */
export function perform(actor: Actor, action: Action): void {
  const { run } = actor;
  run.calls++;
  run.census.add(`call: ${action.operation}`);
  run.note(actor.name, action.operation, action.amount);
  try {
    operations[action.operation](actor, action.amount);
  } catch (error) {
    actor.wrong(`${action.operation} threw ${String(error)}`);
  }
}
