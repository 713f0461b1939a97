/**
 * Lets `mock.module('node:net')` of `node:test` win over the hook. Node stores a mock under the
 * URL that a module resolves to, and looks for it by the built-in's name. So while `net` is
 * mocked, the hook leaves resolving it to Node.
 */
import { isNet } from './net_name.js';

interface Context {
  restore(): void;
}

/** `MockTracker` of `node:test`. */
interface Tracker {
  module(specifier: unknown, options?: unknown): Context;
  reset(): void;
  restoreAll(): void;
}

const mocking = new Set<Tracker>();

/** Whether a test has replaced `net` by a mock. */
export function isMocked(): boolean {
  return mocking.size > 0;
}

/**
 * Whether Node has `mock.module`: only with this flag. Without it `node:test` need not be loaded.
 */
function mayMock(): boolean {
  const flags = [...process.execArgv, process.env['NODE_OPTIONS'] ?? ''];
  return flags.some((flag) => flag.includes('test-module-mocks'));
}

function follow(prototype: Tracker): void {
  const { module, reset, restoreAll } = prototype;
  prototype.module = function (specifier, options) {
    if (!isNet(String(specifier))) return Reflect.apply(module, this, [specifier, options]);
    // Node resolves the mock for the file that calls `mock.module`. That is this file, which gets
    // the built-in.
    const context = Reflect.apply(module, this, [specifier, options]);
    const { restore } = context;
    mocking.add(this);
    context.restore = () => {
      Reflect.apply(restore, context, []);
      mocking.delete(this);
    };
    return context;
  };
  for (const [name, end] of Object.entries({ reset, restoreAll })) {
    prototype[name as 'reset' | 'restoreAll'] = function () {
      Reflect.apply(end, this, []);
      mocking.delete(this);
    };
  }
}

/** Called once, when the hook is put in place. */
export function followModuleMocks(): void {
  if (!mayMock()) return;
  const { mock } = require('node:test') as { mock: Tracker };
  if (typeof mock.module === 'function') follow(Object.getPrototypeOf(mock) as Tracker);
}
