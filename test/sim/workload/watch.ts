/** Watches one socket's events and holds them to the invariants. */
import type { Socket } from '#internal/net/socket/socket';

/** Events of the streams' own machinery, which may come at any time. */
const IGNORED = new Set<string | symbol>([
  'newListener',
  'removeListener',
  'pause',
  'resume',
  'pipe',
  'unpipe',
  'readable',
  'prefinish',
]);

const HISTORY_MAX = 30;

export class SocketWatch {
  connects = 0;
  data = 0;
  ends = 0;
  errors = 0;
  closes = 0;
  finishes = 0;
  /** Which end came first, where both did; what half-closing is about. */
  order: 'own end first' | "peer's end first" | null = null;
  private readonly history: string[] = [];

  constructor(
    private readonly socket: Socket,
    private readonly isServerSide: boolean,
    private readonly report: (problem: string) => void,
  ) {
    const { emit } = socket;
    socket.emit = (event: string | symbol, ...args: unknown[]): boolean => {
      if (!IGNORED.has(event)) this.note(String(event), args);
      return Reflect.apply(emit, socket, [event, ...args]) as boolean;
    };
  }

  /** The socket is connected anew. */
  begin(): void {
    this.connects = this.data = this.ends = this.errors = this.closes = this.finishes = 0;
    this.order = null;
    this.history.push('(again)');
  }

  private wrong(problem: string): void {
    this.report(`${problem} [${this.history.join(' ')}]`);
  }

  private note(event: string, args: unknown[]): void {
    if (this.history.length < HISTORY_MAX) this.history.push(event);
    if (this.closes > 0) this.wrong(`'${event}' after 'close'`);
    else if (this.errors > 0 && event !== 'close') this.wrong(`'${event}' between error and close`);
    switch (event) {
      case 'connect':
        if (++this.connects > 1 || this.isServerSide) this.wrong("a second 'connect'");
        if (this.data + this.ends > 0) this.wrong("'connect' after bytes");
        break;
      case 'data':
        this.data++;
        if (this.ends > 0) this.wrong("'data' after 'end'");
        if (this.connects === 0 && !this.isServerSide) this.wrong("'data' before 'connect'");
        break;
      case 'end':
        if (++this.ends > 1) this.wrong("a second 'end'");
        if (this.finishes > 0) this.order = 'own end first';
        if (this.connects === 0 && !this.isServerSide) this.wrong("'end' before 'connect'");
        break;
      case 'error':
        if (++this.errors > 1) this.wrong("a second 'error'");
        break;
      case 'finish':
        if (++this.finishes > 1) this.wrong("a second 'finish'");
        if (this.ends > 0) this.order = "peer's end first";
        break;
      case 'close':
        if (++this.closes > 1) this.wrong("a second 'close'");
        if (args[0] !== this.errors > 0) this.wrong(`'close' says hadError ${String(args[0])}`);
        if (!this.socket.destroyed) this.wrong("'close' of a socket that is not destroyed");
        break;
      default:
    }
  }
}
