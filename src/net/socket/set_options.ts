/** Setters and getters of options. A setting is kept, and applied to the kernel once connected. */
import { invalidArgType } from '../../util/errors.js';
import { pick } from '../../util/options.js';
import { systemError } from '../../util/system_error.js';
import { validateInt32 } from '../../util/validate.js';
import { setKeepAliveOn } from '../connection/handle.js';
import {
  keepAliveDiffers,
  readTypeOfService,
  SocketSettings,
} from '../connection/kernel_options.js';
import { kConnection } from '../symbols.js';
import type { SocketSurface as Socket } from './surface.js';

/** `setKeepAlive`'s options; times in milliseconds. */
export interface KeepAliveOptions {
  /** SO_KEEPALIVE. Default false. */
  enable?: boolean | undefined;
  /** TCP_KEEPIDLE: before the first probe. 0, the default, leaves it as it is. */
  initialDelay?: number | undefined;
  /** TCP_KEEPINTVL: between probes. */
  interval?: number | undefined;
  /** TCP_KEEPCNT: how many probes go unanswered before the connection is given up. */
  count?: number | undefined;
}

const KEEP_ALIVE_OPTIONS = ['enable', 'initialDelay', 'interval', 'count'] as const;

function settingsOf(socket: Socket): SocketSettings {
  const connection = socket[kConnection];
  const { settings } = connection.extras;
  if (settings !== null) return settings;
  const made = new SocketSettings(false, false, 0);
  connection.ownExtras().settings = made;
  return made;
}

export function setNoDelay(socket: Socket, on: boolean): void {
  const settings = settingsOf(socket);
  const changed = on !== Boolean(settings.noDelay);
  settings.noDelay = on;
  if (changed && !socket.connecting) socket._handle?.setNoDelay?.(on);
}

function seconds(ms: number): number {
  return Math.trunc(Number(ms) / 1000) || 0;
}

export function setKeepAlive(socket: Socket, options: KeepAliveOptions): void {
  const settings = settingsOf(socket);
  const { enable, initialDelay, interval, count } = pick(options, KEEP_ALIVE_OPTIONS);
  const wanted = {
    keepAlive: Boolean(enable),
    keepAliveDelaySeconds: seconds(initialDelay ?? 0),
    keepAliveIntervalSeconds: interval === undefined ? undefined : seconds(interval),
    keepAliveCount: count,
  };
  const changed = keepAliveDiffers(settings, wanted);
  Object.assign(settings, wanted);
  if (!changed || socket.connecting) return;
  setKeepAliveOn(socket._handle, settings, socket[kConnection].idleTimeOnly);
}

export function setTypeOfService(socket: Socket, tos: number): void {
  if (Number.isNaN(tos)) throw invalidArgType('tos', 'number', tos);
  validateInt32(tos, 'tos', 0, 255);
  settingsOf(socket).typeOfService = tos;
  if (socket.connecting) return;
  const status = socket._handle?.setTypeOfService?.(tos) ?? 0;
  if (status < 0) throw systemError(status, 'setTypeOfService');
}

export function getTypeOfService(socket: Socket): number {
  const { stream, extras } = socket[kConnection];
  const noted = extras.settings?.typeOfService ?? 0;
  if (stream === null || socket.connecting) return noted;
  const value = readTypeOfService(stream);
  return Number.isNaN(value) ? noted : value;
}
