/**
 * `socket._handle` and `server._handle`: what packages look for there, over our descriptors. It
 * does not pretend to be a native handle (`isStreamBase` is absent), so that Node's own http, tls
 * and child_process take the paths they have for streams that are not theirs.
 */
import type { Descriptor } from '../../transport/descriptor.js';
import type { Stream } from '../../transport/stream.js';
import { addressInfo } from '../addresses/address_info.js';
import {
  applyKeepAlive,
  applyNoDelay,
  applyTypeOfService,
  readTypeOfService,
  type SocketSettings,
} from './kernel_options.js';

/** How libuv has keep-alive's probes go, where nobody says otherwise. */
const PROBE_INTERVAL_SECONDS = 1;
const PROBES = 10;

type NameTarget = { address?: string; family?: string; port?: number };

export abstract class Handle<Under extends Descriptor> {
  protected abstract get under(): Under | null;

  get fd(): number {
    const { under } = this;
    if (under === null) return -1;
    // Who has the number can duplicate it, or give it to a child.
    under.exclusive = false;
    return under.fd;
  }

  abstract getAsyncId(): number;

  ref(): void {
    this.under?.ref();
  }

  unref(): void {
    this.under?.unref();
  }

  hasRef(): boolean {
    return this.under?.hasRef() === true;
  }

  getsockname(into: NameTarget): number {
    const { under } = this;
    const name = under?.localAddress() ?? -9;
    if (typeof name === 'number' || under === null) return name as number;
    Object.assign(into, addressInfo(under, name) ?? { address: name.address });
    return 0;
  }

  getpeername(into: NameTarget): number {
    const { under } = this;
    const name = under?.peerAddress() ?? -9;
    if (typeof name === 'number' || under === null) return name as number;
    Object.assign(into, addressInfo(under, name));
    return 0;
  }

  close(callback?: () => void): void {
    this.under?.close();
    if (typeof callback === 'function') setImmediate(callback);
  }
}

/** What a socket's handle is a view of. */
export interface HandledConnection {
  readonly stream: Stream | null;
  readonly context: { asyncId(): number } | null;
  /** From here on, `around` is called with what reports bytes and their end to the reader. */
  reportToReaderWithin(around: (report: () => void) => void): void;
  /** Destroys the socket. */
  refuse(): void;
}

/** A stream that has no socket, or none yet. */
export class BareStream implements HandledConnection {
  constructor(readonly stream: Stream) {}

  get context(): HandledConnection['context'] {
    return null;
  }

  reportToReaderWithin(): void {}
  refuse(): void {}
}

/** The handle of a socket. */
export class SocketHandle extends Handle<Stream> {
  private report: (() => void) | null = null;
  private around: (() => void) | null = null;
  /** The built-in's handles have such a function, too. */
  private readonly plain = (): void => this.report?.();

  constructor(private readonly connection: HandledConnection) {
    super();
  }

  /** What hears of bytes and their end. Tracers put one around it that enters their context. */
  get onread(): () => void {
    return this.around ?? this.plain;
  }

  set onread(around: () => void) {
    if (this.around === null) {
      this.connection.reportToReaderWithin((report) => {
        this.report = report;
        this.hear();
      });
    }
    this.around = around;
  }

  private hear(): void {
    const { onread } = this;
    // Node's own agents set these two: on a socket that no request uses nothing may come.
    if (onread.name === 'freeSocketOnReadGuard') this.connection.refuse();
    else if (onread.name === 'onStreamRead') this.plain();
    else Reflect.apply(onread, this, []);
  }

  /** A handle for a stream that has no socket, or whose socket does not matter. */
  static of(stream: Stream): SocketHandle {
    return new SocketHandle(new BareStream(stream));
  }

  override getAsyncId(): number {
    return this.connection.context?.asyncId() ?? -1;
  }

  /** @internal */
  get stream(): Stream | null {
    return this.connection.stream;
  }

  protected override get under(): Stream | null {
    return this.connection.stream;
  }

  get reading(): boolean {
    return this.under?.reading === true;
  }

  /** Node's `http` notes here that it stopped reading by itself; what is true is known here. */
  set reading(_reading: boolean) {}

  get bytesRead(): number {
    return this.under?.bytesRead ?? 0;
  }

  get bytesWritten(): number {
    return this.under?.bytesWritten ?? 0;
  }

  get writeQueueSize(): number {
    return this.under?.pendingBytes ?? 0;
  }

  readStart(): number {
    this.under?.startReading();
    return 0;
  }

  readStop(): number {
    this.under?.stopReading();
    return 0;
  }

  setNoDelay(on: boolean): number {
    return this.under === null ? 0 : applyNoDelay(this.under, on);
  }

  /**
   * Times in seconds, as the kernel takes them; 0 leaves what the system has. With a delay, absent
   * ones are libuv's: ten probes, one each second.
   */
  setKeepAlive(on: boolean, delay?: number, interval?: number, count?: number): number {
    if (this.under === null) return 0;
    const isDelayed = delay !== undefined && delay > 0;
    return applyKeepAlive(this.under, {
      keepAlive: on,
      keepAliveDelaySeconds: delay,
      keepAliveIntervalSeconds: interval ?? (isDelayed ? PROBE_INTERVAL_SECONDS : 0),
      keepAliveCount: count ?? (isDelayed ? PROBES : 0),
    });
  }

  setTypeOfService(tos: number): number {
    return this.under === null ? 0 : applyTypeOfService(this.under, tos);
  }

  getTypeOfService(): number {
    return this.under === null ? 0 : readTypeOfService(this.under);
  }
}

/** What a package may have put in place of a socket's handle: any part of one. */
export type LooseHandle = Partial<
  Pick<SocketHandle, 'setNoDelay' | 'setKeepAlive' | 'setTypeOfService' | 'getTypeOfService'>
> & { fd?: number };

/** What was not asked for is the handle's to choose, or with `idleTimeOnly` stays as it is. */
export function setKeepAliveOn(
  handle: LooseHandle | null,
  settings: SocketSettings,
  idleTimeOnly: boolean,
): void {
  const absent = idleTimeOnly ? 0 : undefined;
  handle?.setKeepAlive?.(
    settings.keepAlive === true,
    settings.keepAliveDelaySeconds,
    settings.keepAliveIntervalSeconds ?? absent,
    settings.keepAliveCount ?? absent,
  );
}

/** By way of the handle, since packages put their own functions there to see this happen. */
export function applySettings(
  handle: LooseHandle,
  settings: SocketSettings,
  idleTimeOnly: boolean,
): void {
  const { noDelay, typeOfService } = settings;
  if (noDelay) handle.setNoDelay?.(true);
  if (settings.keepAlive) setKeepAliveOn(handle, settings, idleTimeOnly);
  if (typeOfService !== undefined) handle.setTypeOfService?.(typeOfService);
}
