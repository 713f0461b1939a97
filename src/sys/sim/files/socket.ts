/** What every simulated socket has: its family, its options, and the calls of the sockets API. */
import { errno } from '../../../util/system_error.js';
import type { KernelAddress } from '../../kernel.js';
import { constants } from '../constants.js';
import { SimFile } from './file.js';
import { SocketOptions } from './socket_options.js';

/** Bits of `shutdownBits`: reading has ended (by SHUT_RD or the peer's FIN), writing has ended. */
export const RCV_SHUTDOWN = 1;
export const SEND_SHUTDOWN = 2;
export const BOTH_SHUTDOWN = 3;

export abstract class SimSocket extends SimFile {
  override readonly kind = constants.S_IFSOCK;
  readonly options: SocketOptions;
  /** A positive errno that the next call reports; SO_ERROR reads and clears it. */
  error = 0;
  shutdownBits = 0;

  constructor(readonly family: number) {
    super();
    this.options = new SocketOptions(family);
  }

  abstract readonly listening: boolean;
  abstract bind(address: string, port: number): number;
  abstract connect(address: string, port: number): number;
  abstract listen(backlog: number): number;
  abstract accept(): SimSocket | number;
  abstract shutdown(how: number): number;
  abstract localName(): KernelAddress;
  abstract peerName(): KernelAddress | number;

  /** Breaks the connection from outside, as a RST to both ends does. False if there is none. */
  abstract breakOff(): boolean;

  takeError(): number {
    const { error } = this;
    this.error = 0;
    return error;
  }

  getOption(level: number, name: number): number | Uint8Array | { bad: number } {
    if (level === constants.SOL_SOCKET) {
      if (name === constants.SO_ERROR) return this.takeError();
      if (name === constants.SO_ACCEPTCONN) return this.listening ? 1 : 0;
      if (name === constants.SO_PEERCRED) return this.peerCredentials();
    }
    return this.options.get(level, name);
  }

  protected peerCredentials(): Uint8Array {
    return new Uint8Array(new Int32Array([0, -1, -1]).buffer);
  }

  setOption(level: number, name: number, value: number | Uint8Array): number {
    return this.options.set(level, name, value);
  }

  /** Reads bytes, and the descriptions sent with them into `taken`. Only UNIX sockets carry any. */
  readRights(into: Uint8Array, offset: number, length: number, _taken: SimFile[]): number {
    return this.read(into, offset, length, false);
  }

  sendRights(_parts: readonly Uint8Array[], _rights: readonly SimFile[]): number {
    return -errno.EINVAL;
  }
}
