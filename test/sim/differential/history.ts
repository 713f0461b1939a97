/** What a program could see of sockets and servers: events with arguments, results, properties. */
import type { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';

/** The streams' own machinery, and what depends on how often the kernel was asked. */
const IGNORED = new Set<string | symbol>([
  'newListener',
  'removeListener',
  'readable',
  'prefinish',
]);

const PROPERTIES = [
  'readyState',
  'connecting',
  'pending',
  'destroyed',
  'closed',
  'allowHalfOpen',
  'bytesRead',
  'bytesWritten',
  'bufferSize',
  'readable',
  'readableFlowing',
  'readableEnded',
  'readableLength',
  'readableAborted',
  'readableDidRead',
  'writable',
  'writableEnded',
  'writableFinished',
  'writableLength',
  'writableNeedDrain',
  'writableCorked',
  'writableAborted',
  'timeout',
  'remoteFamily',
  'remoteAddress',
  'localFamily',
] as const;

/** An error as programs tell errors apart. Ports differ from run to run. */
function describeError(error: Error & { code?: string; syscall?: string }): string {
  const message = error.message.replace(/:\d{2,5}\b/g, ':PORT');
  return `${error.name} ${error.code ?? ''} ${error.syscall ?? ''} ${message}`;
}

/** A value as text that two runs share. */
export function describe(value: unknown): string {
  if (value instanceof Error) return describeError(value);
  if (Buffer.isBuffer(value)) return `Buffer(${value.length})`;
  if (typeof value === 'string') return JSON.stringify(value.replace(/:\d{2,5}\b/g, ':PORT'));
  if (typeof value === 'object' && value !== null) {
    return 'write' in value || 'listen' in value ? 'emitter' : JSON.stringify(value);
  }
  return typeof value === 'function' ? 'function' : String(value);
}

/** One emitter's history. Bytes that come in a row count as one, however they were split. */
export class History {
  readonly lines: string[] = [];
  private bytes = 0;
  private text = '';

  constructor(
    readonly name: string,
    private readonly emitter: EventEmitter,
  ) {
    const { emit } = emitter;
    emitter.emit = (event: string | symbol, ...args: unknown[]): boolean => {
      if (event === 'data') this.takeBytes(args[0]);
      else if (!IGNORED.has(event)) {
        const text = args.map(describe).join(' ');
        this.add(`'${String(event)}' ${text.replace(/\b\d{4,5}\b/g, 'PORT')}`);
      }
      return Reflect.apply(emit, emitter, [event, ...args]) as boolean;
    };
  }

  private takeBytes(chunk: unknown): void {
    const text = Buffer.isBuffer(chunk) ? chunk.toString('latin1') : String(chunk);
    // Their order and values matter; every 97th is enough to tell, however they were split.
    for (let i = 0; i < text.length; i++) {
      if ((this.bytes + i) % 97 === 0) this.text += text[i] ?? '';
    }
    this.bytes += text.length;
  }

  private flushBytes(): void {
    if (this.bytes === 0) return;
    this.lines.push(`${this.bytes} bytes ${Buffer.from(this.text).toString('base64').slice(-24)}`);
    this.bytes = 0;
    this.text = '';
  }

  add(line: string): void {
    this.flushBytes();
    this.lines.push(line.trimEnd());
  }

  /** Notes what the socket's properties are. */
  addProperties(): void {
    const socket = this.emitter as Socket;
    const values = PROPERTIES.map((name) => `${name}=${describe(socket[name as keyof Socket])}`);
    this.add(`  ${values.join(' ')}`);
  }
}
