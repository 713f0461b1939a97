/**
 * Passes bytes straight to the parser of Node's `http`, if an `http` server owns the socket and
 * nobody else listens, as `http` itself does with the built-in's handle. All such sockets of a
 * thread are read into one piece of memory, and no Buffer is made per read.
 *
 * The parser copies what it gives out of it (bodies, headers). What `http` would keep as it is, the
 * bytes behind an upgrade and those of a request that is no HTTP, it gets as a copy.
 */
import { markReadServed } from '../node/stream_state.js';
import type { DuplexSurface as Socket } from './duplex.js';
import { flows } from './incoming.js';
import type { ReadSink } from './read_sink.js';

/** Node's native parser, as far as a server's is used here. */
interface HttpParser {
  execute(bytes: Uint8Array): unknown;
  readonly socket: unknown;
  readonly incoming: { readonly upgrade?: unknown } | null;
  readonly [hook: number]: unknown;
}

/** What `http` listens for `'data'` with, which does the same at the price of an event. */
const LISTENER = 'bound socketOnData';

type DataListener = (bytes: Uint8Array) => void;

const READ_BYTES = 64 * 1024;
/** Up to here the Buffer of each length is made once: requests are often of one size. */
const COMMON_BYTES = 2 * 1024;

/** Where all of them read to, and the Buffers of its first bytes by length. */
let memory: Buffer | null = null;
/**
 * A parser has it. A handler that it calls may run the event loop itself: whoever is read then gets
 * memory of the reactor's, as the parser goes on in this.
 */
let isInUse = false;
const beginnings: (Buffer | undefined)[] = [];

function beginning(count: number): Buffer {
  const bytes = feedMemory();
  if (count > COMMON_BYTES) return bytes.subarray(0, count);
  let found = beginnings[count];
  if (found === undefined) {
    found = bytes.subarray(0, count);
    beginnings[count] = found;
  }
  return found;
}

/** What sockets with a feed read into. */
function feedMemory(): Buffer {
  memory ??= Buffer.allocUnsafeSlow(READ_BYTES);
  return memory;
}

/** The place where a server's parser has its function for bytes that it took without an event. */
function executeHook(parser: HttpParser): number {
  const { kOnExecute } = parser.constructor as { kOnExecute?: unknown };
  return typeof kOnExecute === 'number' ? kOnExecute | 0 : -1;
}

function isHttpParser(value: unknown): value is HttpParser {
  if (typeof value !== 'object' || value === null) return false;
  const { execute } = value as Partial<HttpParser>;
  return typeof execute === 'function' && value.constructor?.name === 'HTTPParser';
}

function dataListener(socket: Socket): DataListener | null {
  const [listener, ...others] = socket.listeners('data');
  if (others.length > 0 || listener?.name !== LISTENER) return null;
  return listener as unknown as DataListener;
}

export class HttpFeed implements ReadSink {
  /** `parser`, while bytes may go there; else null. */
  private target: HttpParser | null;
  private readonly hook: number;
  /** What `http` listens with; null until the first bytes come. */
  private listener: DataListener | null = null;

  constructor(
    private readonly socket: Socket,
    /** What was put into `socket.parser`: it feeds that only where it is a server's of Node's. */
    public parser: unknown,
  ) {
    this.target = socket.server !== null && isHttpParser(parser) ? parser : null;
    this.hook = this.target === null ? -1 : executeHook(this.target);
  }

  /** Where reads land while the parser may have them. */
  get memory(): Buffer | null {
    return this.target !== null && !isInUse ? feedMemory() : null;
  }

  /** Hands the first `count` bytes of the memory to the parser, or back where others want them. */
  take(count: number): Buffer | null {
    const { socket } = this;
    if (!this.usable()) {
      // From here on the bytes are somebody else's as well.
      this.target = null;
    } else if (flows(socket)) {
      // `http` says itself that there was activity.
      markReadServed(socket._readableState);
      this.push(count);
      return null;
    }
    return Buffer.from(feedMemory().subarray(0, count));
  }

  /** Whether the bytes of this socket are a server's parser's and nobody else's. */
  private usable(): boolean {
    const { socket, target } = this;
    if (target === null) return false;
    this.listener ??= dataListener(socket);
    return (
      this.listener !== null &&
      socket._events.data === this.listener &&
      target.socket === socket &&
      typeof target[this.hook] === 'function'
    );
  }

  private push(count: number): void {
    const parser = this.target;
    if (parser === null) return;
    isInUse = true;
    try {
      this.execute(parser, beginning(count));
    } finally {
      isInUse = false;
    }
  }

  private execute(parser: HttpParser, bytes: Buffer): void {
    const result = parser.execute(bytes);
    if (typeof result !== 'number' || parser.incoming?.upgrade) {
      this.pushKept(parser, result, bytes);
    } else {
      const executed = parser[this.hook];
      if (typeof executed === 'function') executed(result);
    }
  }

  /** `http` keeps these bytes. It deals with them where it listens, and has parsed them already. */
  private pushKept(parser: HttpParser, result: unknown, bytes: Buffer): void {
    const parsed = (): unknown => {
      Reflect.deleteProperty(parser, 'execute');
      return result;
    };
    parser.execute = parsed;
    try {
      this.listener?.(Buffer.from(bytes));
    } finally {
      if (parser.execute === parsed) Reflect.deleteProperty(parser, 'execute');
    }
  }
}
