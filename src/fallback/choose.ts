/**
 * Chooses the `net` of this machine: this package's own if its native file loads, else the
 * runtime's with this package's additions (`./net.ts`, which is loaded only then).
 */
import { makeNet, type NetModule } from '../net/module.js';
import type { Profile } from '../net/profile.js';
import { native } from '../sys/binding.js';
import type * as elsewhere from './net.js';

/** Whether `net` is this package's own; where not, it is the runtime's. */
export const isNative: boolean = native.failure === null;

/** The module of a profile: this package's, or the runtime's with the additions. */
export function chooseNet(profile: Profile): NetModule {
  if (isNative) return makeNet(profile);
  const { fallbackNet }: typeof elsewhere = require('./net.js');
  return fallbackNet(profile);
}
