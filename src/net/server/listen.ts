/** Listening: from arguments to a descriptor that listens, or to an error. */
import { tracingChannel } from 'node:diagnostics_channel';
import { answerList } from '../../dial/order.js';
import { lookupOptions, systemDns } from '../../dial/system_dns.js';
import { bindPath, bindTcp, openToAll, SocketFile } from '../../transport/bind.js';
import { copyListener, takeListener } from '../../transport/foreign.js';
import type { Host } from '../../transport/host.js';
import { invalidIpAddress } from '../../util/errors.js';
import { isIP, isLinkLocal } from '../../util/ip.js';
import { addressError, errno, explainedError, systemError } from '../../util/system_error.js';
import { pathStatus } from '../addresses/path_status.js';
import { debug } from '../node/debug_log.js';
import { deniedListen } from '../node/permission.js';
import type { LooseListenOptions } from '../options/server_options.js';
import type { Profile } from '../profile.js';
import { kAcceptor, kBound } from '../symbols.js';
import type { Acceptor, ListenerOrigin } from './acceptor.js';
import { ClusterShare, type ListenQuery, workerCluster } from './cluster_share.js';
import {
  BACKLOG,
  type BoundRequest,
  type DescriptorRequest,
  type ListenRequest,
  listenRequest,
  type PathRequest,
  type PortRequest,
} from './listen_request.js';
import type { ListeningServer as Server } from './listening_server.js';

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

/** What a worker asks cluster's primary for; beside what `ListenRequest` has. */
type Shared = Pick<ListenQuery, 'address' | 'addressType' | 'port' | 'fd'>;

/** As cluster's primary names what is bound. */
function connectionKey(addressType: number, address: string | null, port: number): string {
  return `${addressType}:${address}:${port}`;
}

/** Takes over what the primary gave. Returns 0 or -errno. */
function takeShare(acceptor: Acceptor, share: ClusterShare, port: number, backlog: number): number {
  const status = share.bound(port);
  return status === 0 ? acceptor.listenShared(share, backlog) : status;
}

/**
 * In a cluster worker a port that is not exclusive belongs to the primary: ask it. Returns false
 * where this process listens by itself.
 */
function listenInCluster(server: Server, request: ListenRequest, shared: Shared): boolean {
  if (request.exclusive || request.reusePort) return false;
  const cluster = workerCluster();
  if (cluster === null) return false;
  const acceptor = server[kAcceptor];
  const id = acceptor.begin();
  const { address, addressType, port } = shared;
  const { backlog, ipv6Only, readableAll, writableAll } = request;
  const flags = ipv6Only ? UV_TCP_IPV6ONLY : 0;
  const query = { ...shared, flags, backlog, readableAll, writableAll };
  cluster._getServer?.(server, query, (error, handle) => {
    if (handle === null || acceptor.listeningId !== id) {
      handle?.close();
      if (acceptor.listeningId !== id) return;
    }
    acceptor.pendingId = 0;
    const share = handle === null || error ? null : new ClusterShare(handle);
    let status = error;
    if (share !== null) status = takeShare(acceptor, share, port, backlog);
    else if (status === 0) status = -errno.EINVAL;
    if (status < 0) {
      share?.close();
      failNow(server, addressError(status, 'bind', address, port));
      return;
    }
    server._connectionKey = connectionKey(addressType, address, port);
    nowListening(server);
  });
  return true;
}

function clusterQuery(profile: Profile, address: string | null, port: number): Shared {
  if (address === null) {
    const any = profile.listenAny === 'ipv4' ? '0.0.0.0' : null;
    return { address: any, addressType: 4, port, fd: undefined };
  }
  return { address, addressType: isIP(address) === 6 ? 6 : 4, port, fd: undefined };
}

/** A port of one address. */
function listenOnIp(server: Server, request: PortRequest, address: string): void {
  const { host } = server[kAcceptor];
  const { port, backlog } = request;
  const family = isIP(address) === 6 ? 6 : 4;
  const fd = bindTcp(host, address, port, family, request);
  server._connectionKey = connectionKey(family, address, port);
  beginListening(server, fd, backlog, address, port);
}

/** A port of every address: of both versions where the profile or the user wants that. */
function listenOnAny(server: Server, request: PortRequest): void {
  const { host, profile } = server[kAcceptor];
  const { port, backlog, ipv6Only } = request;
  if (profile.listenAny === 'dual-stack' || ipv6Only) {
    const fd = bindTcp(host, '::', port, 6, request);
    // A machine without IPv6 listens on IPv4. A port in use is an error like any other.
    if (fd >= 0 || fd === -errno.EADDRINUSE || fd === -errno.EACCES || ipv6Only) {
      server._connectionKey = connectionKey(6, '::', port);
      beginListening(server, fd, backlog, '::', port);
      return;
    }
  }
  listenOnIp(server, request, '0.0.0.0');
}

function listenOnAddress(server: Server, request: PortRequest, address: string | null): void {
  const { profile } = server[kAcceptor];
  if (listenInCluster(server, request, clusterQuery(profile, address, request.port))) return;
  if (isRefused(server, address ?? '')) return;
  if (address === null) listenOnAny(server, request);
  else listenOnIp(server, request, address);
}

/** An address needs no lookup, but a server listens a tick later all the same. */
function listenOnHost(server: Server, request: PortRequest, name: string): void {
  if (isIP(name) === 0) {
    listenOnName(server, request, name);
    return;
  }
  const acceptor = server[kAcceptor];
  const id = acceptor.begin();
  acceptor.host.clock.nextTick(() => {
    if (acceptor.listeningId !== id) return;
    acceptor.pendingId = 0;
    listenOnAddress(server, request, name);
  });
}

/** The name's first address that means something without its zone. */
function listenOnName(server: Server, request: PortRequest, name: string): void {
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
    else listenOnAddress(server, request, best);
  });
}

function listenOnPath(server: Server, request: PathRequest): void {
  const acceptor = server[kAcceptor];
  const { path, backlog, readableAll, writableAll } = request;
  server._pipeName = path;
  const shared = { address: path, addressType: -1, port: -1, fd: undefined };
  if (listenInCluster(server, request, shared)) return;
  if (isRefused(server, path)) return;
  const fd = pathStatus(bindPath(acceptor.host, path));
  server._connectionKey = connectionKey(-1, path, -1);
  if (fd >= 0 && !path.startsWith('\0')) acceptor.file = new SocketFile(acceptor.host, path);
  // Node's errors about a path carry a port, too.
  beginListening(server, fd, backlog, path, -1);
  if (acceptor.listener === null || !(readableAll || writableAll)) return;
  const status = openToAll(acceptor.host, path, readableAll, writableAll);
  if (status < 0) {
    acceptor.stop();
    throw systemError(status, 'uv_pipe_chmod');
  }
}

/** Listens on a bound descriptor that this thread owns, and the server from here on. */
export function listenOnOwned(server: Server, fd: number): void {
  server._connectionKey = connectionKey(-1, `fd${fd}`, -1);
  beginListening(server, fd, BACKLOG, null, undefined, 'copy');
}

function listenOnBound(server: Server, { bound, backlog }: BoundRequest): void {
  const { fd, path, file } = bound[kBound]();
  server[kAcceptor].file = file;
  server._pipeName = path;
  beginListening(server, fd, backlog, null, undefined, 'copy');
}

/** Listens on somebody else's descriptor: takes it over, or copies it where an object has it. */
function listenOnDescriptor(server: Server, request: DescriptorRequest): void {
  const { host } = server[kAcceptor];
  const { fd, isNumber, backlog } = request;
  if (isNumber) {
    const shared = { address: null, addressType: -1, port: -1, fd };
    if (listenInCluster(server, request, shared)) return;
  }
  server._connectionKey = connectionKey(-1, `fd${fd}`, -1);
  const isHandles =
    host.kernel.ledger().includes(fd) || (!isNumber && host.kernel.ofNode(fd) === 1);
  const origin = isHandles ? 'copy' : 'taken';
  const taken = isHandles ? copyListener(host, fd) : takeListener(host, fd, backlog);
  beginListening(server, taken, backlog, null, undefined, origin);
}

/** `server.listen` with its arguments in order, as `listenRequest` takes them. */
export function listen(
  server: Server,
  given: LooseListenOptions,
  options: LooseListenOptions,
  backlogArgument: number,
  argumentCount: number,
): void {
  if (listenChannel.asyncStart.hasSubscribers) {
    listenChannel.asyncStart.publish({ server, options: given });
  }
  server[kAcceptor].listeningId++;
  const request = listenRequest(given, options, backlogArgument, argumentCount);
  if (request.on === 'bound') listenOnBound(server, request);
  else if (request.on === 'descriptor') listenOnDescriptor(server, request);
  else if (request.on === 'path') listenOnPath(server, request);
  else if (request.host === null) listenOnAddress(server, request, null);
  else listenOnHost(server, request, request.host);
}
