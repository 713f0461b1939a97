/** What the peer process can be asked to do. The peer is node:net in a process of its own. */

export interface PeerListen {
  port?: number;
  host?: string;
  path?: string;
  allowHalfOpen?: boolean;
  pauseOnConnect?: boolean;
}

export interface PeerConnect {
  port?: number;
  host?: string;
  path?: string;
  localAddress?: string;
  allowHalfOpen?: boolean;
  /** Do not read before `resume`. */
  paused?: boolean;
}

/** What a socket of the peer has seen. */
export interface PeerState {
  bytes: number;
  /** All that was received, as latin1, up to TEXT_BYTES_MAX. */
  text: string;
  sha1: string;
  ended: boolean;
  closed: boolean;
  error: string | null;
  /** Bytes written and not with the kernel yet. */
  pending: number;
  localAddress: string | undefined;
  localPort: number | undefined;
  remoteAddress: string | undefined;
  remotePort: number | undefined;
}

export interface PeerWait {
  bytes?: number;
  ended?: boolean;
  closed?: boolean;
  flushed?: boolean;
}

export interface PeerCalls {
  listen(options: PeerListen): Promise<{ server: number; port: number }>;
  unlisten(server: number): Promise<void>;
  accept(server: number): Promise<number>;
  /** Resolves with the error's code where the connection failed. */
  connect(options: PeerConnect): Promise<number | string>;
  write(socket: number, latin1: string): void;
  /** Writes this many bytes of `pattern`. */
  fill(socket: number, bytes: number): void;
  end(socket: number, latin1?: string): void;
  destroy(socket: number): void;
  reset(socket: number): void;
  pause(socket: number): void;
  resume(socket: number): void;
  state(socket: number): PeerState;
  until(socket: number, wait: PeerWait): Promise<PeerState>;
  destroyAll(): void;
}

export interface PeerRequest {
  id: number;
  call: keyof PeerCalls;
  args: unknown[];
}

export interface PeerAnswer {
  id: number;
  value?: unknown;
  error?: string;
}

export const TEXT_BYTES_MAX = 64 * 1024;

/** Bytes of which no part looks like another, so that lost, doubled or moved ones are found. */
export function pattern(bytes: number): Buffer {
  const out = Buffer.allocUnsafe(bytes);
  let x = 12345;
  for (let i = 0; i < bytes; i++) {
    x = (Math.imul(x, 1103515245) + 12345) & 0x7fffffff;
    out[i] = x >> 16;
  }
  return out;
}
