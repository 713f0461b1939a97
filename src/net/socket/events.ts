/**
 * A socket's events with their arguments: the base of `Socket` as TypeScript sees it. At run time
 * it is Node's own class.
 */
import { Duplex, type DuplexOptions, type Readable } from 'node:stream';

import type {
  AnyListener,
  AnyName,
  CommonClose,
  CommonError,
  EventName,
  OtherName,
  Statics,
} from '../node/listeners.js';

/** `'address'` is undefined where a lookup failed. */
type LookupArguments = [err: Error | null, address: string, family: number | string, host: string];

/** A socket's events, and what their listeners are called with. */
export interface SocketEvents {
  /** Last of all; true after a transmission error; manual. */
  close: [hadError: boolean];
  /** The connection stands; manual. */
  connect: [];
  /** An address is about to be tried. */
  connectionAttempt: [ip: string, port: number, family: number];
  /** An address did not answer, or refused. */
  connectionAttemptFailed: [ip: string, port: number, family: number, error: Error];
  /** An address has had its time. */
  connectionAttemptTimeout: [ip: string, port: number, family: number];
  /** A Buffer, or a string after `setEncoding`; manual. */
  data: [data: Buffer];
  /** The write buffer is empty again; manual. */
  drain: [];
  /** The peer sent FIN; manual. */
  end: [];
  /** Followed by `'close'`; manual. */
  error: [err: NodeJS.ErrnoException];
  /** All is written and FIN is sent. */
  finish: [];
  /** A name was looked up. */
  lookup: LookupArguments;
  /** `pause()` was called, and bytes were flowing. */
  pause: [];
  /** `src` is piped into this socket. */
  pipe: [src: Readable];
  /** There is something to `read()`. */
  readable: [];
  /** Directly after `'connect'`. */
  ready: [];
  /** `resume()` was called, and bytes flow (again). */
  resume: [];
  /** Nothing was read or written for the time set; manual. */
  timeout: [];
  /** `src` is not piped into this socket any more. */
  unpipe: [src: Readable];
}

/** Other shapes that listeners of these events may have. */
interface SocketEventsAlso {
  /** After `setEncoding`. */
  data: [data: string];
  /** Where the lookup failed: `err` is no null then. */
  lookup: [err: Error, address: string, family: number | string, host: string];
}

/** A Duplex whose events are typed as a socket's. */
export interface TypedDuplex extends Duplex {
  on<E extends keyof SocketEvents>(event: E, listener: (...args: SocketEvents[E]) => void): this;
  on<E extends keyof SocketEventsAlso>(
    event: E,
    listener: (...args: SocketEventsAlso[E]) => void,
  ): this;
  on<E extends EventName>(event: OtherName<SocketEvents, E>, listener: AnyListener): this;
  on(event: 'error', listener: CommonError): this;
  on(event: 'close', listener: CommonClose): this;
  once<E extends keyof SocketEvents>(event: E, listener: (...args: SocketEvents[E]) => void): this;
  once<E extends keyof SocketEventsAlso>(
    event: E,
    listener: (...args: SocketEventsAlso[E]) => void,
  ): this;
  once<E extends EventName>(event: OtherName<SocketEvents, E>, listener: AnyListener): this;
  once(event: 'error', listener: CommonError): this;
  once(event: 'close', listener: CommonClose): this;
  addListener<E extends keyof SocketEvents>(
    event: E,
    listener: (...args: SocketEvents[E]) => void,
  ): this;
  addListener<E extends keyof SocketEventsAlso>(
    event: E,
    listener: (...args: SocketEventsAlso[E]) => void,
  ): this;
  addListener<E extends EventName>(event: OtherName<SocketEvents, E>, listener: AnyListener): this;
  addListener(event: 'error', listener: CommonError): this;
  addListener(event: 'close', listener: CommonClose): this;
  prependListener<E extends keyof SocketEvents>(
    event: E,
    listener: (...args: SocketEvents[E]) => void,
  ): this;
  prependListener<E extends keyof SocketEventsAlso>(
    event: E,
    listener: (...args: SocketEventsAlso[E]) => void,
  ): this;
  prependListener<E extends EventName>(
    event: OtherName<SocketEvents, E>,
    listener: AnyListener,
  ): this;
  prependListener(event: 'error', listener: CommonError): this;
  prependListener(event: 'close', listener: CommonClose): this;
  prependOnceListener<E extends keyof SocketEvents>(
    event: E,
    listener: (...args: SocketEvents[E]) => void,
  ): this;
  prependOnceListener<E extends keyof SocketEventsAlso>(
    event: E,
    listener: (...args: SocketEventsAlso[E]) => void,
  ): this;
  prependOnceListener<E extends EventName>(
    event: OtherName<SocketEvents, E>,
    listener: AnyListener,
  ): this;
  prependOnceListener(event: 'error', listener: CommonError): this;
  prependOnceListener(event: 'close', listener: CommonClose): this;
  off(event: AnyName<SocketEvents>, listener: AnyListener): this;
  removeListener(event: AnyName<SocketEvents>, listener: AnyListener): this;
  emit<E extends keyof SocketEvents>(event: E, ...args: SocketEvents[E]): boolean;
  emit(event: EventName, ...args: Parameters<AnyListener>): boolean;
}

type TypedDuplexClass = Statics<typeof Duplex> & { new (options?: DuplexOptions): TypedDuplex };

export const TypedDuplex: TypedDuplexClass = Duplex;
