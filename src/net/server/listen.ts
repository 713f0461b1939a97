/** Listening: from arguments to a descriptor that listens, or to an error. */
import { tracingChannel } from 'node:diagnostics_channel';
import { answerList } from '../../dial/order.js';
import { lookupOptions, systemDns } from '../../dial/system_dns.js';
import { bindPath, bindTcp, openToAll, SocketFile } from '../../transport/bind.js';
import { copyListener, takeListener } from '../../transport/foreign.js';
import type { Host } from '../../transport/host.js';
import { invalidArgValue, invalidIpAddress } from '../../util/errors.js';
import { isIP, isLinkLocal } from '../../util/ip.js';
import { option } from '../../util/options.js';
import { addressError, errno, explainedError, systemError } from '../../util/system_error.js';
import { validatePort } from '../../util/validate.js';
import type { BoundSocket } from '../addresses/bound_socket.js';
import { isBoundSocket } from '../addresses/is_bound_socket.js';
import { pathStatus } from '../addresses/path_status.js';
import { debug } from '../node/debug_log.js';
import { deniedListen } from '../node/permission.js';
import { isPath, toCount } from '../options/arguments.js';
import type { LooseListenOptions } from '../options/server_options.js';
import type { Profile } from '../profile.js';
import { kAcceptor, kBound } from '../symbols.js';
import type { ListenerOrigin } from './acceptor.js';
import { ClusterShare, type ListenQuery, workerCluster } from './cluster_share.js';
import type { ListeningServer as Server } from './listening_server.js';

const BACKLOG = 511;
const BACKLOG_MAX = 2 ** 31 - 1;

/** libuv's bit for IPV6_V6ONLY, which cluster's primary passes on. */
const UV_TCP_IPV6ONLY = 1;

const listenChannel = tracingChannel('net.server.listen');

function failLater(server: Server, host: Host, error: Error): void {
  if (listenChannel.error.hasSubscribers) listenChannel.error.publish({ server, error });
  server[kAcceptor].unwatch();
  host.clock.nextTick(() => server._listenFailed(error));
}

/** Where the process may not use the network the server hears so, by whatever it listens on. */
function isRefused(server: Server, resource: string): boolean {
  const { host } = server[kAcceptor];
  const denied = deniedListen(host, resource);
  if (denied !== null) failLater(server, host, denied);
  return denied !== null;
}

function failNow(server: Server, error: Error): void {
  server[kAcceptor].unwatch();
  server._listenFailed(error);
}

/** The descriptor is bound (or the call failed): listen, and say so at the next tick. */
function beginListening(
  server: Server,
  fd: number,
  backlog: number,
  address: string | null,
  port?: number,
  origin: ListenerOrigin = 'own',
): void {
  const acceptor = server[kAcceptor];
  const status = fd < 0 ? fd : acceptor.listen(fd, backlog, origin);
  debug('listen on %j, backlog %d, status %d', [address, port], backlog, status);
  if (status < 0) {
    failLater(server, acceptor.host, explainedError(status, 'listen', address, port));
    return;
  }
  nowListening(server);
}

function nowListening(server: Server): void {
  const acceptor = server[kAcceptor];
  if (listenChannel.asyncEnd.hasSubscribers) listenChannel.asyncEnd.publish({ server });
  const id = acceptor.listeningId;
  acceptor.host.clock.nextTick(() => {
    if (acceptor.listening && acceptor.listeningId === id) server.emit('listening');
  });
}

interface Shareable extends Pick<ListenQuery, 'address' | 'addressType' | 'port' | 'fd'> {
  readonly options: LooseListenOptions;
  readonly backlog: number;
}

/**
 * In a cluster worker a port that is not exclusive belongs to the primary: ask it. Returns false
 * where this process listens by itself.
 */
function listenInCluster(server: Server, what: Shareable): boolean {
  const { address, addressType, port, fd, options, backlog } = what;
  if (options.exclusive || options.reusePort) return false;
  const cluster = workerCluster();
  if (cluster === null) return false;
  const acceptor = server[kAcceptor];
  const id = acceptor.begin();
  const { readableAll, writableAll } = options;
  const flags = options.ipv6Only ? UV_TCP_IPV6ONLY : 0;
  const query = { address, addressType, port, fd, flags, backlog, readableAll, writableAll };
  cluster._getServer?.(server, query, (error, handle) => {
    if (handle === null || acceptor.listeningId !== id) {
      handle?.close();
      if (acceptor.listeningId !== id) return;
    }
    acceptor.pendingId = 0;
    const share = handle === null || error ? null : new ClusterShare(handle);
    const status =
      error ||
      (share === null ? -errno.EINVAL : share.bound(port) || acceptor.listenShared(share, backlog));
    if (status < 0) {
      if (error === 0) share?.close();
      failNow(server, addressError(status, 'bind', address, port));
      return;
    }
    server._connectionKey = `${addressType}:${address}:${port}`;
    nowListening(server);
  });
  return true;
}

function clusterQuery(profile: Profile, address: string | null) {
  if (address !== null) return { address, addressType: isIP(address) === 6 ? 6 : 4 };
  return { address: profile.listenAny === 'ipv4' ? '0.0.0.0' : null, addressType: 4 };
}

function listenOnAddress(
  server: Server,
  options: LooseListenOptions,
  address: string | null,
  port: number,
  backlog: number,
): void {
  const { host, profile } = server[kAcceptor];
  const bindOptions = {
    ipv6Only: options.ipv6Only === true,
    reusePort: options.reusePort === true,
  };
  const query = clusterQuery(profile, address);
  if (listenInCluster(server, { ...query, port, fd: undefined, options, backlog })) return;
  if (isRefused(server, address ?? '')) return;
  if (address !== null) {
    const family = isIP(address) === 6 ? 6 : 4;
    const fd = bindTcp(host, address, port, family, bindOptions);
    server._connectionKey = `${family}:${address}:${port}`;
    beginListening(server, fd, backlog, address, port);
    return;
  }
  if (profile.listenAny === 'dual-stack' || bindOptions.ipv6Only) {
    const fd = bindTcp(host, '::', port, 6, bindOptions);
    // A machine without IPv6 listens on IPv4. A port in use is an error like any other.
    if (fd >= 0 || fd === -errno.EADDRINUSE || fd === -errno.EACCES || bindOptions.ipv6Only) {
      server._connectionKey = `6::::${port}`;
      beginListening(server, fd, backlog, '::', port);
      return;
    }
  }
  const fd = bindTcp(host, '0.0.0.0', port, 4, bindOptions);
  server._connectionKey = `4:0.0.0.0:${port}`;
  beginListening(server, fd, backlog, '0.0.0.0', port);
}

/** An address needs no lookup, but a server listens a tick later all the same. */
function listenOnHost(
  server: Server,
  options: LooseListenOptions,
  name: string,
  port: number,
  backlog: number,
): void {
  if (isIP(name) === 0) {
    listenOnName(server, options, name, port, backlog);
    return;
  }
  const acceptor = server[kAcceptor];
  const id = acceptor.begin();
  acceptor.host.clock.nextTick(() => {
    if (acceptor.listeningId !== id) return;
    acceptor.pendingId = 0;
    listenOnAddress(server, options, name, port, backlog);
  });
}

/** The name's first address that means something without its zone. */
function listenOnName(
  server: Server,
  options: LooseListenOptions,
  name: string,
  port: number,
  backlog: number,
): void {
  const acceptor = server[kAcceptor];
  const id = acceptor.begin();
  const lookup = acceptor.host.lookup ?? systemDns().lookup;
  lookup(name, lookupOptions(true), (error, found) => {
    if (acceptor.listeningId !== id) return;
    acceptor.pendingId = 0;
    if (error) {
      failNow(server, error);
      return;
    }
    const all = answerList(found, undefined).map(({ address }) => address);
    const usable = all.filter((address): address is string => isIP(address) !== 0);
    const best = usable.find((address) => !isLinkLocal(address)) ?? usable[0];
    if (best === undefined) failNow(server, invalidIpAddress(all[0]));
    else listenOnAddress(server, options, best, port, backlog);
  });
}

function listenOnPath(
  server: Server,
  options: LooseListenOptions,
  path: string,
  backlog: number,
): void {
  const acceptor = server[kAcceptor];
  const { readableAll, writableAll } = options;
  const abstract = path.startsWith('\0');
  if (abstract && (readableAll || writableAll)) {
    const reason =
      'can not set readableAll or writableAllt to true when path is abstract unix socket';
    throw invalidArgValue('options', { ...options }, reason);
  }
  server._pipeName = path;
  const query = { address: path, addressType: -1, port: -1, fd: undefined };
  if (listenInCluster(server, { ...query, options, backlog })) return;
  if (isRefused(server, path)) return;
  const fd = pathStatus(bindPath(acceptor.host, path));
  server._connectionKey = `-1:${path}:-1`;
  if (fd >= 0 && !abstract) acceptor.file = new SocketFile(acceptor.host, path);
  // Node's errors about a path carry a port, too.
  beginListening(server, fd, backlog, path, -1);
  if (acceptor.listener === null || !(readableAll || writableAll)) return;
  const status = openToAll(acceptor.host, path, readableAll === true, writableAll === true);
  if (status < 0) {
    acceptor.stop();
    throw systemError(status, 'uv_pipe_chmod');
  }
}

/** Listens on a bound descriptor that this thread owns, and the server from here on. */
export function listenOnOwned(server: Server, fd: number): void {
  server._connectionKey = `-1:fd${fd}:-1`;
  beginListening(server, fd, BACKLOG, null, undefined, 'copy');
}

/** `listen(bound)` or `listen({handle: bound})`. */
function boundSocketIn(options: LooseListenOptions): BoundSocket | null {
  if (isBoundSocket(options)) return options;
  return isBoundSocket(options.handle) ? options.handle : null;
}

function listenOnBound(server: Server, bound: BoundSocket, backlog: number): void {
  const { fd, path, file } = bound[kBound]();
  server[kAcceptor].file = file;
  server._pipeName = path;
  beginListening(server, fd, backlog, null, undefined, 'copy');
}

/** Listens on somebody else's descriptor: takes it over, or copies it where an object has it. */
function listenOnDescriptor(
  server: Server,
  fd: number,
  options: LooseListenOptions,
  backlog: number,
): void {
  const { host } = server[kAcceptor];
  const isNumber = fd === options.fd;
  if (isNumber) {
    const query = { address: null, addressType: -1, port: -1, fd };
    if (listenInCluster(server, { ...query, options, backlog })) return;
  }
  server._connectionKey = `-1:fd${fd}:-1`;
  const isHandles =
    host.kernel.ledger().includes(fd) || (!isNumber && host.kernel.ofNode(fd) === 1);
  const origin = isHandles ? 'copy' : 'taken';
  const taken = isHandles ? copyListener(host, fd) : takeListener(host, fd, backlog);
  beginListening(server, taken, backlog, null, undefined, origin);
}

/** Something with a descriptor in it: a server, a socket, a handle, `{fd}`. */
function descriptorOf(options: LooseListenOptions): number {
  const handle: unknown = options._handle ?? options.handle ?? options;
  const fd: unknown = option(Object(handle) as { fd?: unknown }, 'fd');
  return typeof fd === 'number' && fd >= 0 ? fd : -1;
}

/** A whole number of 32 bits, as listen(2) takes it; 0 where `value` is no count. */
function backlogOf(value: unknown): number {
  return Math.min(Math.trunc(toCount(value) || 0), BACKLOG_MAX);
}

/**
 * `server.listen` with its arguments in order. `backlogArgument` is what stood behind them, and
 * `options` is what `given` has of options.
 */
export function listen(
  server: Server,
  given: LooseListenOptions,
  options: LooseListenOptions,
  backlogArgument: number,
  argumentCount: number,
): void {
  const acceptor = server[kAcceptor];
  if (listenChannel.asyncStart.hasSubscribers) {
    listenChannel.asyncStart.publish({ server, options: given });
  }
  acceptor.listeningId++;
  const bound = boundSocketIn(given);
  const backlog = backlogOf(options.backlog || backlogArgument) || BACKLOG;
  if (bound !== null) {
    listenOnBound(server, bound, backlog);
    return;
  }
  const fd = descriptorOf(options);
  if (fd >= 0) {
    listenOnDescriptor(server, fd, options, backlog);
    return;
  }
  const anyPort =
    argumentCount === 0 ||
    options.port === null ||
    (options.port === undefined && 'port' in options);
  if (anyPort) options.port = 0;
  if (typeof options.port === 'number' || typeof options.port === 'string') {
    const port = validatePort(options.port, 'options.port');
    if (options.host) listenOnHost(server, options, options.host, port, backlog);
    else listenOnAddress(server, options, null, port, backlog);
    return;
  }
  if (options.path && isPath(options.path)) {
    listenOnPath(server, options, options.path, backlog);
    return;
  }
  if (!('port' in options || 'path' in options)) {
    throw invalidArgValue('options', given, 'must have the property "port" or "path"');
  }
  throw invalidArgValue('options', given);
}
