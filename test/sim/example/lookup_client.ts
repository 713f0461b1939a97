/**
 * The sample of docs/SIMULATION.md: a client for a protocol of lines, which connects anew when the
 * connection is lost. It has a bug that hand-written tests on localhost hardly meet.
 */
import type { NetModule } from '#internal/net/module';

type Socket = ReturnType<NetModule['connect']>;

interface Request {
  readonly key: string;
  readonly resolve: (value: string) => void;
}

export class LookupClient {
  private socket: Socket | null = null;
  private received = '';
  private waiting: Request[] = [];
  private closed = false;

  constructor(
    private readonly net: NetModule,
    private readonly to: { readonly host: string; readonly port: number },
    /** The fixed client forgets the beginning of a line when its connection is lost. */
    private readonly fixed: boolean,
  ) {
    this.connect();
  }

  /** Asks for the value of `key`, again and again until there is an answer. */
  get(key: string): Promise<string> {
    return new Promise((resolve) => {
      this.waiting.push({ key, resolve });
      if (this.socket?.readyState === 'open') this.socket.write(`get ${key}\n`);
    });
  }

  close(): void {
    this.closed = true;
    this.socket?.destroy();
  }

  private connect(): void {
    const socket = this.net.connect({ ...this.to });
    this.socket = socket;
    socket.setEncoding('utf8');
    socket.on('connect', () => {
      for (const { key } of this.waiting) socket.write(`get ${key}\n`);
    });
    socket.on('data', (text: string) => this.take(text));
    socket.on('error', () => {});
    socket.on('close', () => {
      if (this.fixed) this.received = '';
      if (!this.closed) setTimeout(() => this.connect(), 100);
    });
  }

  private take(text: string): void {
    const lines = (this.received + text).split('\n');
    this.received = lines.pop() ?? '';
    for (const line of lines) this.waiting.shift()?.resolve(line);
  }
}
