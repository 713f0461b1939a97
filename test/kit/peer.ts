/** The other side of a test's connections: node:net in another process. */
import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { after } from 'node:test';
import type {
  PeerAnswer,
  PeerCalls,
  PeerConnect,
  PeerListen,
  PeerState,
  PeerWait,
} from './peer-calls.js';
import { within } from './wait.js';

type Result<Call extends keyof PeerCalls> = Awaited<ReturnType<PeerCalls[Call]>>;
type Waiter = { resolve(value: unknown): void; reject(error: Error): void };

class PeerProcess {
  private readonly child: ChildProcess;
  private readonly waiters = new Map<number, Waiter>();
  private nextId = 0;

  constructor() {
    this.child = fork(join(__dirname, 'peer-program.js'), { execArgv: [] });
    this.child.on('message', (answer: PeerAnswer) => {
      const waiter = this.waiters.get(answer.id);
      this.waiters.delete(answer.id);
      if (answer.error !== undefined) waiter?.reject(new Error(`peer: ${answer.error}`));
      else waiter?.resolve(answer.value);
    });
  }

  call<Call extends keyof PeerCalls>(
    call: Call,
    ...args: Parameters<PeerCalls[Call]>
  ): Promise<Result<Call>> {
    const id = this.nextId++;
    const answer = new Promise<Result<Call>>((resolve, reject) => {
      this.waiters.set(id, { resolve: resolve as Waiter['resolve'], reject });
    });
    this.child.send({ id, call, args });
    return within(answer, `the peer to ${call} ${JSON.stringify(args).slice(0, 100)}`);
  }

  stop(): void {
    this.child.kill();
  }
}

export class PeerSocket {
  constructor(
    private readonly peer: PeerProcess,
    readonly id: number,
  ) {}

  write(latin1: string): Promise<void> {
    return this.peer.call('write', this.id, latin1);
  }
  /** Writes this many bytes of the pattern. */
  fill(bytes: number): Promise<void> {
    return this.peer.call('fill', this.id, bytes);
  }
  end(latin1?: string): Promise<void> {
    if (latin1 === undefined) return this.peer.call('end', this.id);
    return this.peer.call('end', this.id, latin1);
  }
  destroy(): Promise<void> {
    return this.peer.call('destroy', this.id);
  }
  /** Closes with RST. */
  reset(): Promise<void> {
    return this.peer.call('reset', this.id);
  }
  pause(): Promise<void> {
    return this.peer.call('pause', this.id);
  }
  resume(): Promise<void> {
    return this.peer.call('resume', this.id);
  }
  state(): Promise<PeerState> {
    return this.peer.call('state', this.id);
  }
  until(wait: PeerWait): Promise<PeerState> {
    return this.peer.call('until', this.id, wait);
  }
}

export class PeerServer {
  constructor(
    private readonly peer: PeerProcess,
    private readonly id: number,
    readonly port: number,
  ) {}

  async accept(): Promise<PeerSocket> {
    return new PeerSocket(this.peer, await this.peer.call('accept', this.id));
  }
  close(): Promise<void> {
    return this.peer.call('unlisten', this.id);
  }
}

let started: PeerProcess | null = null;

function theProcess(): PeerProcess {
  started ??= new PeerProcess();
  return started;
}

after(() => started?.stop());

/** One process per test file, started at its first use. */
export const peer = {
  async listen(options: PeerListen = { host: '127.0.0.1' }): Promise<PeerServer> {
    const { server, port } = await theProcess().call('listen', options);
    return new PeerServer(theProcess(), server, port);
  },
  /** Throws where the connection fails. */
  async connect(options: PeerConnect): Promise<PeerSocket> {
    const socket = await theProcess().call('connect', options);
    if (typeof socket === 'string') throw new Error(`the peer could not connect: ${socket}`);
    return new PeerSocket(theProcess(), socket);
  },
  /** The error's code, or null where the connection was made. */
  async tryConnect(options: PeerConnect): Promise<string | null> {
    const socket = await theProcess().call('connect', options);
    return typeof socket === 'string' ? socket : null;
  },
  /** Closes all that the peer has. */
  async destroyAll(): Promise<void> {
    if (started !== null) await started.call('destroyAll');
  },
};
