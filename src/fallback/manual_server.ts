/** The runtime's server with the differences of the manual: `../net/profile.ts`. */
import builtin from 'node:net';
import { isNormalized, normalizeArguments, toCount } from '../net/options/arguments.js';

type Listening = () => void;

interface Target {
  readonly port?: unknown;
  readonly host?: unknown;
  readonly fd?: unknown;
  readonly handle?: unknown;
  readonly _handle?: unknown;
}

const ANY_IPV4 = '0.0.0.0';

/** Whether the server is to listen on a port without any address. */
function isAnyAddress(args: readonly unknown[], options: Target): boolean {
  const { port, host, fd, handle, _handle } = options;
  if (host || handle || _handle || (typeof fd === 'number' && fd >= 0)) return false;
  if (args.length === 0 || typeof args[0] === 'function') return true;
  return 'port' in options && (port === null || typeof port !== 'object');
}

/** The arguments of `listen`, with the manual's address for a server without one. */
function withAddress(args: readonly unknown[]): readonly unknown[] {
  if (isNormalized(args[0])) return args;
  const [options, listener] = normalizeArguments<Target, Listening>(args);
  if (!isAnyAddress(args, options)) return args;
  const backlog = toCount(args.length > 1 && args[1]) || toCount(args.length > 2 && args[2]);
  const given = backlog ? { backlog } : {};
  const port = typeof options.port === 'function' ? 0 : (options.port ?? 0);
  const all = { ...options, ...given, port, host: ANY_IPV4 };
  return listener === null ? [all] : [all, listener];
}

/** Servers whose `listen` has neither succeeded nor failed yet. */
const listening = new WeakSet<object>();

function listen(this: builtin.Server, ...args: unknown[]): builtin.Server {
  Reflect.apply(builtin.Server.prototype.listen, this, withAddress(args));
  listening.add(this);
  return this;
}

/** Emits `'close'` directly after the `'error'` of a `listen` that failed. */
function emit(this: builtin.Server, ...args: unknown[]): boolean {
  const run = (): boolean => Reflect.apply(builtin.Server.prototype.emit, this, args);
  const isOutcome = args[0] === 'listening' || args[0] === 'error';
  const isAwaited = isOutcome && listening.delete(this);
  if (!isAwaited || args[0] !== 'error') return run();
  try {
    return run();
  } finally {
    process.nextTick(() => {
      if (!this.listening) this.emit('close');
    });
  }
}

/** A class like `net.Server`: it works with `new`, without `new`, and as a base class. */
export function manualServerClass(): typeof builtin.Server {
  const Base = builtin.Server as unknown as (this: unknown, ...args: unknown[]) => void;
  function Server(this: unknown, ...args: unknown[]): unknown {
    if (new.target !== undefined) return Reflect.construct(builtin.Server, args, new.target);
    if (!(this instanceof Server)) return Reflect.construct(builtin.Server, args, Server);
    return Reflect.apply(Base, this, args);
  }
  Object.setPrototypeOf(Server, builtin.Server);
  const prototype = Object.create(builtin.Server.prototype) as object;
  for (const [name, value] of Object.entries({ constructor: Server, emit, listen })) {
    Object.defineProperty(prototype, name, { value, configurable: true, writable: true });
  }
  Server.prototype = prototype;
  return Server as unknown as typeof builtin.Server;
}
