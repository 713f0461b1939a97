/**
 * `net` for a place where this package can not run: the runtime's own module, its classes and
 * functions untouched, with this package's additions. An addition that this package can not make
 * there throws `ERR_BAREWIRE_UNSUPPORTED` when it is called.
 */
import builtin from 'node:net';
import { makeNet, type NetModule } from '../net/module.js';
import type { Profile } from '../net/profile.js';
import { announce, refusing, unsupportedCall } from './announce.js';
import { makeIterable } from './iterable.js';
import { manualServerClass } from './manual_server.js';

type Loose = Record<PropertyKey, unknown>;

const OPEN = { configurable: true, enumerable: true, writable: true };

/**
 * Methods of objects that some or all versions of `node:net` lack. Not `toJSON`: `JSON.stringify`
 * accepts an object without it.
 */
export const METHODS = {
  Socket: ['getTypeOfService', 'setTypeOfService'],
  Server: [],
  BlockList: [
    'addAddresses',
    'addCIDR',
    'addCIDRs',
    'clear',
    'fromJSON',
    'removeAddress',
    'removeCIDR',
    'removeRange',
    'removeSubnet',
  ],
  SocketAddress: [],
} as const;

/** Methods of classes that some or all versions of `node:net` lack. */
export const STATICS = {
  BlockList: ['isBlockList'],
  SocketAddress: ['isSocketAddress', 'parse'],
} as const;

/** Adds methods that throw an error with the method's name. They are not enumerable. */
function refuse(holder: object, label: string, methods: readonly string[]): void {
  for (const method of methods.filter((name) => !(name in holder))) {
    const value = refusing(`${label}.${method}()`);
    Object.defineProperty(holder, method, { value, configurable: true, writable: true });
  }
}

function refuseMethods(): void {
  for (const [name, value] of Object.entries(builtin)) {
    const methods: readonly string[] = Reflect.get(METHODS, name) ?? [];
    const statics: readonly string[] = Reflect.get(STATICS, name) ?? [];
    const label = `${name.charAt(0).toLowerCase()}${name.slice(1)}`;
    if (methods.length > 0) refuse(value.prototype, label, methods);
    if (statics.length > 0) refuse(value, name, statics);
  }
}

function refusingClass(name: string): unknown {
  return {
    [name]: class {
      constructor() {
        throw unsupportedCall(`new ${name}()`);
      }
    },
  }[name];
}

/**
 * Completes the runtime's module: an addition that needs no kernel is this package's own, the
 * others throw.
 */
function complete(module: Loose, profile: Profile): void {
  const own: Loose = Object(makeNet(profile));
  for (const name of Object.keys(own)) {
    if (name in module) continue;
    const value = name === 'BoundSocket' ? refusingClass(name) : own[name];
    Object.defineProperty(module, name, { value, ...OPEN });
  }
}

/** For `node` the runtime's module; for `manual` the same with the manual's two differences. */
export function fallbackNet(profile: Profile): NetModule {
  announce();
  const module: Loose = Object.defineProperties({}, Object.getOwnPropertyDescriptors(builtin));
  complete(module, profile);
  refuseMethods();
  makeIterable(builtin.Server.prototype);
  if (profile.listenAny === 'ipv4') {
    const Server = manualServerClass();
    const createServer = (...args: unknown[]): unknown => Reflect.construct(Server, args);
    Object.assign(module, { Server, createServer });
  }
  return module as unknown as NetModule;
}
