/** Random programs of API calls, and running one on an implementation of `net`. */
import type nodeNet from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import timers from 'node:timers';
import { Prng } from '#internal/sys/sim/chance/prng';
import { describe, History } from './history.js';

/** Turns of the event loop after which all that a call set off has happened. */
const TURNS = 14;

/** The part of `net` that programs use. */
export type Net = Pick<typeof nodeNet, 'createServer' | 'Socket'>;

interface Step {
  readonly actor: 'client' | 'peer' | 'server';
  readonly call: keyof typeof calls | keyof typeof serverCalls;
  readonly amount: number;
}

export interface Program {
  readonly seed: string;
  readonly allowHalfOpen: readonly [client: boolean, server: boolean];
  readonly pauseOnConnect: boolean;
  readonly highWaterMark: number | undefined;
  readonly path: boolean;
  readonly steps: readonly Step[];
}

type Call = (socket: Socket, amount: number, note: (text: string) => void) => unknown;

function bytes(amount: number): Buffer {
  return Buffer.alloc(amount % 5000, `bytes ${amount} `);
}

const calls = {
  write: (socket, amount, note) =>
    socket.write(bytes(amount), (error) => note(`write callback ${describe(error)}`)),
  writeText: (socket, amount) => socket.write(`text ${amount}`, 'utf8'),
  writeEmpty: (socket) => socket.write(''),
  end: (socket, _amount, note) => {
    socket.end(() => note('end callback'));
  },
  endWith: (socket, amount) => {
    socket.end(bytes(amount));
  },
  destroy: (socket) => {
    socket.destroy();
  },
  destroyWith: (socket) => {
    socket.destroy(new Error('on purpose'));
  },
  destroySoon: (socket) => socket.destroySoon(),
  reset: (socket) => {
    socket.resetAndDestroy();
  },
  pause: (socket) => {
    socket.pause();
  },
  resume: (socket) => {
    socket.resume();
  },
  read: (socket, amount) => socket.read(amount % 100),
  readAll: (socket) => socket.read(),
  setEncoding: (socket) => {
    socket.setEncoding('latin1');
  },
  cork: (socket) => socket.cork(),
  uncork: (socket) => socket.uncork(),
  setNoDelay: (socket, amount) => {
    socket.setNoDelay(amount % 2 === 0);
  },
  setKeepAlive: (socket, amount) => {
    socket.setKeepAlive(amount % 2 === 0, amount);
  },
  setTimeoutWrong: (socket) => socket.setTimeout(-1),
  setTimeoutLong: (socket, amount) => {
    socket.setTimeout(100_000 + amount);
  },
  unshift: (socket) => socket.unshift(Buffer.from('unshifted')),
  push: (socket) => socket.listenerCount('data'),
  connectAgain: (socket) => {
    if (socket.closed) socket.connect((socket as Socket & { to: { port: number } }).to);
  },
} satisfies Record<string, Call>;

const serverCalls = {
  closeServer: (server: Server, note: (text: string) => void) => {
    server.close((error) => note(`close callback ${describe(error)}`));
  },
  listenAgain: (server: Server) => {
    server.listen(0, '127.0.0.1');
  },
  address: (server: Server) => typeof server.address(),
  count: (server: Server, note: (text: string) => void) => {
    server.getConnections((error, count) => note(`count ${describe(error)} ${count}`));
  },
};

const callNames = Object.keys(calls) as (keyof typeof calls)[];
const serverCallNames = Object.keys(serverCalls) as (keyof typeof serverCalls)[];

export function makeProgram(seed: string): Program {
  const random = new Prng(`program ${seed}`);
  const steps = Array.from({ length: random.between(4, 14) }, (): Step => {
    const actor = random.pick(['client', 'client', 'peer', 'peer', 'server'] as const);
    const call = actor === 'server' ? random.pick(serverCallNames) : random.pick(callNames);
    return { actor, call, amount: random.below(100_000) };
  });
  return {
    seed,
    allowHalfOpen: [random.chance(0.5), random.chance(0.5)],
    pauseOnConnect: random.chance(0.2),
    highWaterMark: random.chance(0.2) ? random.between(1, 9000) : undefined,
    path: random.chance(0.3),
    steps,
  };
}

async function settle(): Promise<void> {
  for (let i = 0; i < TURNS; i++) await new Promise((resolve) => timers.setImmediate(resolve));
}

function attempt(run: () => unknown): string {
  try {
    return describe(run());
  } catch (error) {
    return `throws ${describe(error)}`;
  }
}

/** Who takes part in a run. */
class Cast {
  readonly histories: History[] = [];
  readonly server: Server;
  readonly client: Socket;
  peer: Socket | null = null;
  readonly history: Record<Step['actor'], History | null>;

  constructor(net: Net, program: Program) {
    const { allowHalfOpen, pauseOnConnect, highWaterMark } = program;
    const mark = highWaterMark === undefined ? {} : { highWaterMark };
    this.server = net.createServer({ allowHalfOpen: allowHalfOpen[1], pauseOnConnect, ...mark });
    this.client = new net.Socket({ allowHalfOpen: allowHalfOpen[0], ...mark });
    this.history = { server: this.watch('server', this.server), client: null, peer: null };
    this.history.client = this.watchSocket('client', this.client);
    this.server.on('error', () => {});
    this.server.on('connection', (socket) => {
      const again = this.peer !== null;
      this.peer = socket;
      this.history.peer = this.watchSocket(again ? 'peer again' : 'peer', socket);
    });
  }

  private watch(name: string, emitter: Server | Socket): History {
    const history = new History(name, emitter);
    this.histories.push(history);
    return history;
  }

  private watchSocket(name: string, socket: Socket): History {
    socket.on('error', () => {});
    socket.on('data', () => {});
    return this.watch(name, socket);
  }

  perform({ actor, call, amount }: Step): void {
    const history = this.history[actor];
    const socket = actor === 'peer' ? this.peer : this.client;
    if (history === null) return;
    const note = (text: string): void => history.add(text);
    history.add(`${call}(${amount})`);
    if (call in serverCalls) {
      const run = serverCalls[call as keyof typeof serverCalls];
      history.add(`→ ${attempt(() => run(this.server, note))}`);
    } else if (socket !== null) {
      const run: Call = calls[call as keyof typeof calls];
      history.add(`→ ${attempt(() => run(socket, amount, note))}`);
    }
  }

  noteProperties(): void {
    for (const history of this.histories) {
      if (history.name !== 'server') history.addProperties();
      else history.add(`  listening=${this.server.listening}`);
    }
  }
}

/** Runs `program` on `net` and returns everybody's history. */
export async function runProgram(net: Net, program: Program): Promise<string[]> {
  const cast = new Cast(net, program);
  const path = `\0bw-diff-${process.pid}-${program.seed}`;
  const listening = new Promise((resolve) => cast.server.once('listening', resolve));
  if (program.path) cast.server.listen(path);
  else cast.server.listen(0, '127.0.0.1');
  await listening;
  const { port } = (program.path ? { port: 0 } : cast.server.address()) as AddressInfo;
  const to = program.path ? { path } : { port, host: '127.0.0.1' };
  Object.assign(cast.client, { to });
  cast.client.connect(to);
  await settle();
  cast.noteProperties();
  for (const step of program.steps) {
    cast.perform(step);
    await settle();
    cast.noteProperties();
  }
  cast.client.destroy();
  cast.peer?.destroy();
  cast.server.close();
  await settle();
  cast.noteProperties();
  return cast.histories.flatMap(({ name, lines }) => lines.map((line) => `${name}: ${line}`));
}
