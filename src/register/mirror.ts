/**
 * Makes a patch of `net` hold for the sockets and servers of Node's core too, and a patch of the
 * built-in hold for this package's. A program that puts a mock or a guard on one of them means all
 * of the network. The effect ends when the program undoes its patch.
 *
 * Each method of a pair checks, at each call, whether the other one is still in place.
 */
import type builtin from 'node:net';
import type { NetModule } from '../net/module.js';
import { isOurServer, isOurSocket } from '../net/moving/ours.js';
import { isNormalized } from '../net/options/arguments.js';
import { goOnAsBuiltin, standIn } from '../net/socket/builtin_socket.js';

type Method = (this: unknown, ...args: unknown[]) => unknown;
type Holder = Record<PropertyKey, unknown>;

/** Both classes have these methods, and programs call them seldom. */
const SOCKET_METHODS = [
  'connect',
  'destroySoon',
  'resetAndDestroy',
  'setTimeout',
  'setNoDelay',
  'setKeepAlive',
  'ref',
  'unref',
  'address',
];

/**
 * Programs call these for each message. So this package's methods are not wrapped; they take any
 * stream as `this`.
 */
const STREAM_METHODS = ['write', 'end', 'destroy'];

const SERVER_METHODS = ['listen', 'close', 'address', 'ref', 'unref'];

/** Puts `value` in place under the name and length of `like`, which stack traces and mocks show. */
function put(holder: Holder, name: string, value: Method, like: Method): void {
  for (const key of ['name', 'length'] as const) {
    Object.defineProperty(value, key, { value: like[key], configurable: true });
  }
  const enumerable = Object.prototype.propertyIsEnumerable.call(holder, name);
  Object.defineProperty(holder, name, { value, enumerable, writable: true, configurable: true });
}

/**
 * The built-in's own method. If the class only inherits it, it is looked up at each call, since
 * its prototype may be patched too.
 */
function originalOf(holder: Holder, name: string): () => Method {
  const original = holder[name] as Method;
  if (Object.hasOwn(holder, name)) return () => original;
  return () => (Object.getPrototypeOf(holder) as Holder)[name] as Method;
}

/** Whether `method` is Node's own `Socket.prototype.connect`, whose source names this symbol. */
function isNodesConnect(method: unknown): boolean {
  return Function.prototype.toString.call(method).includes('normalizedArgsSymbol');
}

/** The class of this package and that of the built-in, or the two modules. */
interface Sides {
  readonly ours: Holder;
  readonly core: Holder;
  readonly isOurs: (value: unknown) => boolean;
  /** Called after a patched method has run for an object of core's. */
  readonly onPatched?: (self: unknown, patched: unknown) => void;
}

/** Puts a method on core's side that calls this package's side if that is patched. */
function mirrorToCore({ ours, core, isOurs, onPatched }: Sides, name: string, own: Method): Method {
  const unpatched = ours[name];
  const original = originalOf(core, name);
  const method: Method = function (...args) {
    if (isOurs(this)) return Reflect.apply(own, this, args);
    const patched = ours[name] as Method;
    if (patched === unpatched || patched === method) return Reflect.apply(original(), this, args);
    const result = Reflect.apply(patched, this, args);
    onPatched?.(this, patched);
    return result;
  };
  put(core, name, method, original());
  return method;
}

/** Mirrors the patches of one method, in both directions. */
function mirror(sides: Sides, name: string): void {
  const { ours, core, isOurs } = sides;
  const own = ours[name] as Method;
  const original = originalOf(core, name);
  const method: Method = function (...args) {
    if (!isOurs(this)) {
      // This package marks normalized arguments in its own way; the built-in does not know that
      // mark.
      const given = isNormalized<object, unknown>(args[0]) ? args[0] : args;
      return Reflect.apply(original(), this, given);
    }
    const patched = core[name] as Method;
    if (patched === inCore || patched === method || patched === original()) {
      return Reflect.apply(own, this, args);
    }
    return Reflect.apply(isNodesConnect(patched) ? own : patched, this, args);
  };
  put(ours, name, method, own);
  const inCore = mirrorToCore(sides, name, own);
}

/**
 * While `connect` is `patched`, sockets that a program makes to connect are the built-in's: this
 * patch replaces inner parts that only the built-in's sockets have.
 */
function standInWhile(prototype: Holder, patched: unknown): void {
  standIn.wanted = () => {
    if (prototype['connect'] === patched) return true;
    standIn.wanted = null;
    return false;
  };
}

/**
 * Watches for mocks of connections (@mswjs/interceptors, and so nock and msw). They begin by
 * replacing the built-in's `_writeGeneric` on a socket that begins to connect. A socket of this
 * package then goes on as one of the built-in's.
 */
function watchWriteGeneric(ours: Holder, core: Holder): void {
  const { connect } = ours;
  const name = '_writeGeneric';
  Object.defineProperty(ours, name, {
    get(this: unknown): unknown {
      const patched = ours['connect'];
      if (patched === connect || !isOurSocket(this) || !goOnAsBuiltin(this)) return undefined;
      standInWhile(ours, patched);
      return core[name];
    },
    set(this: object, value: unknown) {
      Object.defineProperty(this, name, { value, writable: true, configurable: true });
    },
    configurable: true,
  });
}

function mirrorSockets(ours: Holder, core: Holder): void {
  // A preload before this one patched `connect`. Its patch knows only the built-in's sockets.
  if (!isNodesConnect(core['connect'])) {
    const patched = core['connect'];
    const inPlace = (): boolean => core['connect'] === patched || core['connect'] === inCore;
    standIn.wanted = inPlace;
  }
  const sides: Sides = {
    ours,
    core,
    isOurs: isOurSocket,
    onPatched: (self, patched) => {
      if (Object.hasOwn(Object(self), '_writeGeneric')) standInWhile(ours, patched);
    },
  };
  for (const name of SOCKET_METHODS) mirror(sides, name);
  for (const name of STREAM_METHODS) mirrorToCore(sides, name, ours[name] as Method);
  const inCore = core['connect'];
  watchWriteGeneric(ours, core);
}

/**
 * Mirrors `net.connect` and `net.createConnection`. Core's clients call them on the built-in's
 * module.
 */
function mirrorModule(ours: Holder, core: Holder): void {
  const own = ours['connect'] as Method;
  const original = core['connect'] as Method;
  /** The side of the caller. If a patch calls the original, it gets a socket of that side. */
  let asker: 'ours' | 'core' | null = null;
  const ask = (side: 'ours' | 'core', method: Method, self: unknown, args: unknown[]): unknown => {
    const before = asker;
    asker = side;
    try {
      return Reflect.apply(method, self, args);
    } finally {
      asker = before;
    }
  };
  const connect: Method = function (...args) {
    if (asker === 'core') return Reflect.apply(original, this, args);
    const patched = core['connect'] as Method;
    if (asker === 'ours' || patched === inCore.connect) return Reflect.apply(own, this, args);
    return ask('ours', patched, this, args);
  };
  const toCore = (name: string): Method =>
    function (...args) {
      if (asker === 'ours') return Reflect.apply(own, this, args);
      const patched = ours[name] as Method;
      if (asker === 'core' || patched === connect) return Reflect.apply(original, this, args);
      return ask('core', patched, this, args);
    };
  const inCore = { connect: toCore('connect'), createConnection: toCore('createConnection') };
  for (const [name, method] of Object.entries(inCore)) {
    put(core, name, method, original);
    put(ours, name, connect, own);
  }
}

/** From here on, a patch of `net` or of the built-in takes effect on both. */
export function mirrorPatches(net: NetModule, core: typeof builtin): void {
  const holder = (value: object): Holder => value as Holder;
  mirrorSockets(holder(net.Socket.prototype), holder(core.Socket.prototype));
  const sides: Sides = {
    ours: holder(net.Server.prototype),
    core: holder(core.Server.prototype),
    isOurs: isOurServer,
  };
  for (const name of SERVER_METHODS) mirror(sides, name);
  mirrorModule(holder(net), holder(core));
}
