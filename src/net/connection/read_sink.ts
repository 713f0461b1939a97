/** `connect`'s `onread`: bytes land in the user's own buffer, past Node's Readable. */
import { types } from 'node:util';
import type { Stream } from '../../transport/stream.js';
import type { DuplexSurface as Socket } from './duplex.js';

/** Reads into the user's own buffer; `connect`'s `onread` option. */
export interface UserRead {
  buffer: Uint8Array;
  generate: (() => Uint8Array) | null;
  callback: (bytes: number, buffer: Uint8Array) => boolean | undefined;
}

/** Hands `count` bytes over; stops reading where the user says so. */
export function deliver(
  user: UserRead,
  socket: Socket,
  count: number,
  core: { readonly stream: Stream | null },
): void {
  const goOn = Reflect.apply(user.callback, socket, [count, user.buffer]) !== false;
  const { stream } = core;
  if (stream === null) return;
  if (user.generate !== null) {
    const next = user.generate();
    if (types.isUint8Array(next)) user.buffer = next;
  }
  if (!goOn) stream.stopReading();
}
