/** A server's events with their arguments: the base of `Server` as TypeScript sees it. */
import { EventEmitter } from 'node:events';
import type {
  AnyListener,
  AnyName,
  CommonError,
  EventName,
  OtherName,
  Statics,
} from '../node/listeners.js';
import type { DropInfo } from '../options/server_options.js';
import type { Socket } from '../socket/socket.js';

/** A server's events, and what their listeners are called with. */
export interface ServerEvents {
  /** The server is closed and its last connection has ended; manual. */
  close: [];
  /** A connection was accepted; manual. */
  connection: [socket: Socket];
  /** A connection was turned away, since there were `maxConnections`. */
  drop: [data?: DropInfo];
  /** `listen` failed, or an abort listener did; manual. */
  error: [err: NodeJS.ErrnoException];
  /** The server is bound and accepts connections; manual. */
  listening: [];
}

/** An EventEmitter whose events are typed as a server's. */
export interface TypedEmitter extends EventEmitter {
  on<E extends keyof ServerEvents>(event: E, listener: (...args: ServerEvents[E]) => void): this;
  on<E extends EventName>(event: OtherName<ServerEvents, E>, listener: AnyListener): this;
  on(event: 'error', listener: CommonError): this;
  once<E extends keyof ServerEvents>(event: E, listener: (...args: ServerEvents[E]) => void): this;
  once<E extends EventName>(event: OtherName<ServerEvents, E>, listener: AnyListener): this;
  once(event: 'error', listener: CommonError): this;
  addListener<E extends keyof ServerEvents>(
    event: E,
    listener: (...args: ServerEvents[E]) => void,
  ): this;
  addListener<E extends EventName>(event: OtherName<ServerEvents, E>, listener: AnyListener): this;
  addListener(event: 'error', listener: CommonError): this;
  prependListener<E extends keyof ServerEvents>(
    event: E,
    listener: (...args: ServerEvents[E]) => void,
  ): this;
  prependListener<E extends EventName>(
    event: OtherName<ServerEvents, E>,
    listener: AnyListener,
  ): this;
  prependListener(event: 'error', listener: CommonError): this;
  prependOnceListener<E extends keyof ServerEvents>(
    event: E,
    listener: (...args: ServerEvents[E]) => void,
  ): this;
  prependOnceListener<E extends EventName>(
    event: OtherName<ServerEvents, E>,
    listener: AnyListener,
  ): this;
  prependOnceListener(event: 'error', listener: CommonError): this;
  off(event: AnyName<ServerEvents>, listener: AnyListener): this;
  removeListener(event: AnyName<ServerEvents>, listener: AnyListener): this;
  emit<E extends keyof ServerEvents>(event: E, ...args: ServerEvents[E]): boolean;
  emit(event: EventName, ...args: Parameters<AnyListener>): boolean;
}

type TypedEmitterClass = Statics<typeof EventEmitter> & { new (): TypedEmitter };
export const TypedEmitter: TypedEmitterClass = EventEmitter;
