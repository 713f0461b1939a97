/**
 * `BoundSocket`: a descriptor that is bound and neither listens nor connects yet. Exactly one
 * `server.listen(bound)` or `new Socket({handle: bound})` takes it over, or `close()` ends it.
 */
import { bindPath, bindTcp, familyOf, SocketFile } from '../../transport/bind.js';
import { Descriptor } from '../../transport/descriptor.js';
import { type Host, systemHost } from '../../transport/host.js';
import { invalidArgValue, stateError } from '../../util/errors.js';
import { isIP } from '../../util/ip.js';
import { pick } from '../../util/options.js';
import { addressError, systemError } from '../../util/system_error.js';
import {
  validateBoolean,
  validateObject,
  validatePort,
  validateString,
} from '../../util/validate.js';
import { deniedListen } from '../node/permission.js';
import { kBound, kHost } from '../symbols.js';
import { type AddressInfo, addressInfo } from './address_info.js';
import { pathStatus } from './path_status.js';

/** `new BoundSocket(options)`: `path`, or the others. */
export interface BoundSocketOptions<Path extends string | undefined = string | undefined> {
  /** An IP address; names are not looked up. Default `'0.0.0.0'`, or `'::'` with `ipv6Only`. */
  host?: string | null | undefined;
  /** Default 0: one that is free. */
  port?: number | undefined;
  /** Do not take IPv4 on an IPv6 address. Default false. */
  ipv6Only?: boolean | undefined;
  /** SO_REUSEPORT: several sockets bind one port. Default false. */
  reusePort?: boolean | undefined;
  /** A UNIX path, or an abstract name that begins with NUL. */
  path?: Path | undefined;
}

/** What `address()` gives: the path where there is one. */
type BoundAddress<Path> = Path extends string ? string : AddressInfo;

/** What changes hands when a bound socket is taken over. */
export interface BoundEnd {
  readonly fd: number;
  readonly family: number;
  /** The UNIX path it is bound to. */
  readonly path: string | undefined;
  /** The path's file, which goes when the socket is closed. */
  readonly file: SocketFile | null;
  /** No connection stands on it yet. */
  unconnected: boolean;
}

/** Only named while it is bound: never registered, so nothing keeps the process alive. */
class BoundDescriptor extends Descriptor {
  readonly context = null;
  override onReady(): void {}
  override onTurn(): void {}
}

function bindToPath(host: Host, options: BoundSocketOptions): number {
  const { path } = options;
  if ('host' in options || 'port' in options || 'ipv6Only' in options || 'reusePort' in options) {
    const given = [options.host, options.port, options.ipv6Only, options.reusePort];
    if (given.some((value) => value !== undefined)) {
      const reason = 'path is mutually exclusive with host, port, ipv6Only, and reusePort';
      throw invalidArgValue('options', { ...options }, reason);
    }
  }
  validateString(path, 'options.path');
  const fd = pathStatus(bindPath(host, path));
  if (fd < 0) throw systemError(fd, 'bind');
  return fd;
}

function addressOption(options: BoundSocketOptions, ipv6Only: boolean): string {
  const { host } = options;
  if (host === undefined || host === null) return ipv6Only ? '::' : '0.0.0.0';
  validateString(host, 'options.host');
  if (isIP(host) !== 0) return host;
  const reason = 'must be a numeric IP address; net.BoundSocket does not perform DNS resolution';
  throw invalidArgValue('options.host', host, reason);
}

function bindToAddress(host: Host, options: BoundSocketOptions): number {
  const port = validatePort(options.port ?? 0, 'options.port');
  const ipv6Only = options.ipv6Only ?? false;
  validateBoolean(ipv6Only, 'options.ipv6Only');
  const reusePort = options.reusePort ?? false;
  validateBoolean(reusePort, 'options.reusePort');
  const address = addressOption(options, ipv6Only);
  const family = isIP(address) === 6 ? 6 : 4;
  const fd = bindTcp(host, address, port, family, { ipv6Only, reusePort });
  if (fd < 0) throw addressError(fd, 'bind', address, port);
  return fd;
}

/** A bound descriptor in search of a server or a socket; current `net.BoundSocket`. */
export class BoundSocket<Path extends string | undefined = string | undefined> {
  #descriptor: BoundDescriptor | null = null;
  readonly #address: AddressInfo | string;
  readonly #path: string | undefined;
  readonly #file: SocketFile | null;

  /**
   * Binds at once. Throws the system's error (`EADDRINUSE`, `EADDRNOTAVAIL`, `EACCES`, …), or
   * `ERR_SOCKET_BAD_PORT`, `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, `ERR_ACCESS_DENIED`.
   */
  constructor(given: BoundSocketOptions<Path> = {}) {
    validateObject(given, 'options');
    const options = pick(given, ['host', 'port', 'ipv6Only', 'reusePort', 'path']);
    const host = this[kHost]();
    const { path } = options;
    const denied = deniedListen(host, path ?? options.host ?? '');
    if (denied !== null) throw denied;
    const fd = path === undefined ? bindToAddress(host, options) : bindToPath(host, options);
    this.#descriptor = new BoundDescriptor(host, fd, familyOf(host, fd));
    this.#path = path;
    this.#file = path === undefined || path[0] === '\0' ? null : new SocketFile(host, path);
    this.#address = path ?? this.#readAddress(this.#descriptor);
  }

  /** @internal */
  [kHost](): Host {
    return systemHost();
  }

  #readAddress(descriptor: BoundDescriptor): AddressInfo {
    const name = descriptor.localAddress();
    if (typeof name === 'number') {
      this.close();
      throw systemError(name, 'bind');
    }
    return addressInfo(descriptor, name) ?? { address: name.address, family: '', port: 0 };
  }

  get #open(): BoundDescriptor {
    if (this.#descriptor === null) throw stateError('ERR_SOCKET_HANDLE_ADOPTED');
    return this.#descriptor;
  }

  /**
   * The address as the system chose it, or the path. Throws `ERR_SOCKET_HANDLE_ADOPTED`, as the
   * other methods do, once a server or socket has taken over, or after `close()`.
   */
  address(): BoundAddress<Path> {
    void this.#open;
    // A path is what was given as `Path`, and nothing else.
    return this.#address as BoundAddress<Path>;
  }

  /** The descriptor's number. It stays this object's: do not close it. */
  fd(): number {
    return this.#open.fd;
  }

  /** Gives the address back. Needed where nobody takes the socket over. */
  close(): void {
    this.#open.close();
    this.#descriptor = null;
    this.#file?.remove();
  }

  /** Closes it, unless that was done or somebody took it over. */
  [Symbol.dispose](): void {
    if (this.#descriptor !== null) this.close();
  }

  /** Whether it is bound to a UNIX path. */
  get isPipe(): boolean {
    return this.#path !== undefined;
  }

  /** @internal Hands the descriptor over; it is the caller's to close. */
  [kBound](): BoundEnd {
    const { fd, family } = this.#open;
    this.#descriptor = null;
    return { fd, family, path: this.#path, file: this.#file, unconnected: true };
  }
}
