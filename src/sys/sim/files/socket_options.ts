/** Socket options. The simulator keeps the number for most of them, and acts on a few. */
import { errno } from '../../../util/system_error.js';
import { constants } from '../constants.js';

const c = constants;

/** How many bytes the kernel buffers of a socket hold; any number from 1 up. */
export interface BufferSizes {
  readonly sendBytes?: number | undefined;
  readonly receiveBytes?: number | undefined;
}

/** Linux's default sizes of the buffers, and the limits of a size that a program sets. */
const RCVBUF_DEFAULT = 131_072;
const SNDBUF_DEFAULT = 87_040;
const BUFFER_BYTES_MIN = 4_608;
const BUFFER_BYTES_MAX = 425_984;

const KEPT_SOCKET = [
  c.SO_REUSEADDR,
  c.SO_REUSEPORT,
  c.SO_KEEPALIVE,
  c.SO_MARK,
  c.SO_INCOMING_CPU,
  c.SO_BINDTODEVICE,
];
const KEPT_TCP = new Map([
  [c.TCP_NODELAY, [0, 1]],
  [c.TCP_CORK, [0, 1]],
  [c.TCP_QUICKACK, [0, 1]],
  [c.TCP_KEEPIDLE, [1, 32_767]],
  [c.TCP_KEEPINTVL, [1, 32_767]],
  [c.TCP_KEEPCNT, [1, 127]],
  [c.TCP_USER_TIMEOUT, [0, 0x7fffffff]],
  [c.TCP_DEFER_ACCEPT, [0, 0x7fffffff]],
  [c.TCP_FASTOPEN, [0, 0x7fffffff]],
]);
const TCP_DEFAULTS = new Map([
  [c.TCP_KEEPIDLE, 7200],
  [c.TCP_KEEPINTVL, 75],
  [c.TCP_KEEPCNT, 9],
  [c.TCP_QUICKACK, 1],
]);
const TCP_INFO_BYTES = 104;

export class SocketOptions {
  receiveBytes = RCVBUF_DEFAULT;
  sendBytes = SNDBUF_DEFAULT;
  linger: { on: boolean; seconds: number } = { on: false, seconds: 0 };
  private readonly kept = new Map<string, number>();

  constructor(private readonly family: number) {}

  flag(level: number, name: number): boolean {
    return (this.kept.get(`${level} ${name}`) ?? 0) !== 0;
  }

  get v6Only(): boolean {
    return this.flag(c.IPPROTO_IPV6, c.IPV6_V6ONLY);
  }

  resize({ sendBytes, receiveBytes }: BufferSizes): void {
    this.sendBytes = sendBytes ?? this.sendBytes;
    this.receiveBytes = receiveBytes ?? this.receiveBytes;
  }

  /** Takes over the options that a connection inherits from its listener. */
  inherit(from: SocketOptions): void {
    this.receiveBytes = from.receiveBytes;
    this.sendBytes = from.sendBytes;
    this.linger = { ...from.linger };
    for (const [key, value] of from.kept) this.kept.set(key, value);
  }

  set(level: number, name: number, value: number | Uint8Array): number {
    const bytes = typeof value === 'number' ? null : value;
    if (level === c.SOL_SOCKET && name === c.SO_LINGER) return this.setLinger(bytes);
    if (level === c.SOL_SOCKET && name === c.SO_BINDTODEVICE) return 0;
    const number = typeof value === 'number' ? value : firstInt(value);
    if (number === null) return -errno.EINVAL;
    if (level === c.SOL_SOCKET) return this.setSocket(name, number);
    if (this.family === c.AF_UNIX) return -errno.EOPNOTSUPP;
    if (level === c.IPPROTO_TCP) return this.setTcp(name, number);
    return this.setIp(level, name, number);
  }

  private setLinger(bytes: Uint8Array | null): number {
    if (bytes === null || bytes.length < 8) return -errno.EINVAL;
    const [on, seconds] = new Int32Array(bytes.slice(0, 8).buffer);
    this.linger = { on: on !== 0, seconds: seconds ?? 0 };
    return 0;
  }

  private keep(level: number, name: number, value: number): number {
    this.kept.set(`${level} ${name}`, value);
    return 0;
  }

  private setSocket(name: number, value: number): number {
    const doubled = Math.max(BUFFER_BYTES_MIN, Math.min(value * 2, BUFFER_BYTES_MAX));
    if (name === c.SO_RCVBUF) this.receiveBytes = doubled;
    else if (name === c.SO_SNDBUF) this.sendBytes = doubled;
    else if (!KEPT_SOCKET.includes(name)) return -errno.ENOPROTOOPT;
    const isFlag = name === c.SO_REUSEADDR || name === c.SO_REUSEPORT || name === c.SO_KEEPALIVE;
    return this.keep(c.SOL_SOCKET, name, isFlag && value !== 0 ? 1 : value);
  }

  private setTcp(name: number, value: number): number {
    const range = KEPT_TCP.get(name);
    if (range === undefined) return -errno.ENOPROTOOPT;
    const [least = 0, most = 0] = range;
    const kept = most === 1 && value !== 0 ? 1 : value;
    if (kept < least || kept > most) return -errno.EINVAL;
    return this.keep(c.IPPROTO_TCP, name, kept);
  }

  private setIp(level: number, name: number, value: number): number {
    if (level === c.IPPROTO_IP && name === c.IP_TOS) return this.keep(level, name, value & 255);
    if (level !== c.IPPROTO_IPV6 || this.family !== c.AF_INET6) return -errno.ENOPROTOOPT;
    if (name === c.IPV6_V6ONLY) return this.keep(level, name, value === 0 ? 0 : 1);
    if (name !== c.IPV6_TCLASS) return -errno.ENOPROTOOPT;
    if (value < -1 || value > 255) return -errno.EINVAL;
    return this.keep(level, name, Math.max(value, 0));
  }

  /** The value as an int, the bytes of a structure, or -errno as `{ bad }`. */
  get(level: number, name: number): number | Uint8Array | { bad: number } {
    if (level === c.SOL_SOCKET) return this.getSocket(name);
    if (this.family === c.AF_UNIX) return { bad: -errno.EOPNOTSUPP };
    if (level === c.IPPROTO_TCP) {
      if (name === c.TCP_INFO) return new Uint8Array(TCP_INFO_BYTES);
      if (!KEPT_TCP.has(name)) return { bad: -errno.ENOPROTOOPT };
      return this.kept.get(`${level} ${name}`) ?? TCP_DEFAULTS.get(name) ?? 0;
    }
    if (level === c.IPPROTO_IP && name === c.IP_TOS) return this.kept.get(`${level} ${name}`) ?? 0;
    const known = name === c.IPV6_V6ONLY || name === c.IPV6_TCLASS;
    if (level !== c.IPPROTO_IPV6 || this.family !== c.AF_INET6 || !known) {
      return { bad: -errno.ENOPROTOOPT };
    }
    return this.kept.get(`${level} ${name}`) ?? 0;
  }

  private getSocket(name: number): number | Uint8Array | { bad: number } {
    if (name === c.SO_RCVBUF) return this.receiveBytes;
    if (name === c.SO_SNDBUF) return this.sendBytes;
    if (name === c.SO_DOMAIN) return this.family;
    if (name === c.SO_TYPE) return c.SOCK_STREAM;
    if (name === c.SO_LINGER) {
      const { on, seconds } = this.linger;
      return new Uint8Array(new Int32Array([on ? 1 : 0, seconds]).buffer);
    }
    if (!KEPT_SOCKET.includes(name)) return { bad: -errno.ENOPROTOOPT };
    return this.kept.get(`${c.SOL_SOCKET} ${name}`) ?? 0;
  }
}

function firstInt(bytes: Uint8Array): number | null {
  if (bytes.length < 4) return null;
  return new Int32Array(bytes.slice(0, 4).buffer)[0] ?? null;
}
