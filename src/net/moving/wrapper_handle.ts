/**
 * Where a socket stays below Node's wrapper for JavaScript streams, `tls` and `http2` ask the
 * wrapper's handle what they ask a native one for. It has no answer by itself: here it gets those
 * of the socket below.
 */

import { errno } from '../../util/system_error.js';
import type { AddressInfo } from '../addresses/address_info.js';
import type { Socket } from '../socket/socket.js';

/** The wrapper's handle, and what it lacks. */
export interface WrapperHandle {
  ref?: () => void;
  unref?: () => void;
  hasRef?: () => boolean;
  setNoDelay?: (on: boolean) => number;
  setKeepAlive?: (on: boolean, delay?: number, interval?: number, count?: number) => number;
  setTypeOfService?: (tos: number) => number;
  getTypeOfService?: () => number;
  getsockname?: (into: object) => number;
  getpeername?: (into: object) => number;
}

function ms(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : seconds * 1000;
}

type Name = () => Partial<AddressInfo>;

/** What asks keeps the object it gave, also where there is no address before `'connect'`. */
function tellName(socket: Socket, name: Name, into: object): number {
  if (!socket.connecting && !socket.pending) {
    Object.assign(into, name());
    return 0;
  }
  socket.once('connect', () => Object.assign(into, name()));
  return -errno.ENOTCONN;
}

/** Gives `handle` what the socket below answers to. */
export function equipWrapper(handle: WrapperHandle, socket: Socket): void {
  let referenced = true;
  const answers: Required<WrapperHandle> = {
    ref: () => {
      referenced = true;
      socket.ref();
    },
    unref: () => {
      referenced = false;
      socket.unref();
    },
    hasRef: () => referenced && !socket.destroyed,
    setNoDelay: (on) => {
      socket.setNoDelay(on);
      return 0;
    },
    setKeepAlive: (on, delay, interval, count) => {
      socket.setKeepAlive(on, ms(delay), ms(interval), count);
      return 0;
    },
    setTypeOfService: (tos) => {
      socket.setTypeOfService(tos);
      return 0;
    },
    getTypeOfService: () => socket.getTypeOfService(),
    getsockname: (into) => tellName(socket, () => socket._getsockname(), into),
    getpeername: (into) => tellName(socket, () => socket._getpeername(), into),
  };
  Object.assign(handle, answers);
}
