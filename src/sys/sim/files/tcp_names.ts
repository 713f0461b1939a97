/**
 * How TCP sockets get their addresses: binding, and the handshake of a connection. tcp.ts says why
 * the two files import each other.
 */
import { isIPv4 } from '../../../util/ip.js';
import { errno } from '../../../util/system_error.js';
import { constants } from '../constants.js';
import { ANY_4, ANY_6, type Endpoint, endpointOf, isAny, isLoopback } from '../network/endpoint.js';
import { Flow, HEADER_BYTES, type Link } from '../network/network.js';
import type { TcpMachine, TcpSocket } from './tcp.js';

/** The times after which Linux repeats a SYN without an answer, with 6 as tcp_syn_retries. */
const SYN_RETRIES_MS = [1_000, 3_000, 7_000, 15_000, 31_000, 63_000];
const SYN_TIMEOUT_MS = 127_000;
/** How long Linux looks for a neighbour that does not answer before it gives up. */
const UNREACHABLE_MS = 3_072;

export function bindTcpSocket(socket: TcpSocket, address: string, port: number): number {
  const { machine } = socket;
  const wanted = endpointOf(socket.family, address, port);
  if (typeof wanted === 'number') return wanted;
  if (socket.local !== null) return -errno.EINVAL;
  const { ip } = wanted;
  if (!isAny(ip) && !isLoopback(ip) && !machine.addresses.includes(ip)) {
    return -errno.EADDRNOTAVAIL;
  }
  const bound = machine.ports.bind(socket, wanted);
  if (typeof bound === 'number') return bound;
  socket.local = bound;
  return 0;
}

function sourceAddress(machine: TcpMachine, ip: string): string | undefined {
  if (isLoopback(ip)) return isIPv4(ip) ? '127.0.0.1' : '::1';
  if (machine.addresses.includes(ip)) return ip;
  return machine.addresses.find((own) => isIPv4(own) === isIPv4(ip));
}

/** Sends the first SYN. Returns -EINPROGRESS, or the -errno of why it can not set out. */
export function startConnecting(socket: TcpSocket, wanted: Endpoint): number {
  const { machine } = socket;
  let { ip } = wanted;
  if (ip === ANY_4) ip = '127.0.0.1';
  if (ip === ANY_6) ip = '::1';
  const v4OnV6 = socket.family === constants.AF_INET6 && isIPv4(ip);
  const source = sourceAddress(machine, ip);
  if (source === undefined || (v4OnV6 && socket.options.v6Only)) return -errno.ENETUNREACH;
  if (socket.local === null) {
    const bound = machine.ports.bind(socket, { ip: source, port: 0 });
    if (typeof bound === 'number') return -errno.EADDRNOTAVAIL;
    socket.local = bound;
  } else if (isAny(socket.local.ip)) {
    socket.local = { ip: source, port: socket.local.port };
  }
  socket.remote = { ip, port: wanted.port };
  socket.state = 'syn-sent';
  socket.phase = 'connecting';
  socket.shutdownBits = 0;
  new Handshake(socket, socket.local, socket.remote).begin();
  return -errno.EINPROGRESS;
}

class Handshake {
  private answered = false;

  constructor(
    private readonly client: TcpSocket,
    private readonly from: Endpoint,
    private readonly to: Endpoint,
  ) {}

  /** Whether the client still waits for this very handshake. */
  private get wanted(): boolean {
    const { client } = this;
    return !this.answered && client.state === 'syn-sent' && client.remote === this.to;
  }

  begin(): void {
    const { machine } = this.client;
    const { network } = machine;
    const target = machine.find(this.to.ip);
    const now = network.nowMs();
    if (target === undefined) {
      network.at(now + UNREACHABLE_MS, () => this.fail(errno.EHOSTUNREACH));
      return;
    }
    const link = network.link(machine, target);
    this.sendSyn(link, target);
    for (const delay of SYN_RETRIES_MS) {
      network.at(now + delay, () => this.sendSyn(link, target));
    }
    network.at(now + SYN_TIMEOUT_MS, () => this.fail(errno.ETIMEDOUT));
  }

  private fail(error: number): void {
    if (this.wanted) this.client.resetArrives(error);
  }

  private sendSyn(link: Link, target: TcpMachine): void {
    if (!this.wanted) return;
    const { machine } = this.client;
    machine.network.at(link.arrivalMs(machine, HEADER_BYTES), () => {
      if (!link.cut && this.wanted) this.synArrives(link, target);
    });
  }

  private synArrives(link: Link, target: TcpMachine): void {
    const { machine } = this.client;
    const listener = target.listenerFor(this.to);
    if (listener === undefined) {
      machine.network.at(link.arrivalMs(target, HEADER_BYTES), () => {
        if (!link.cut) this.fail(errno.ECONNREFUSED);
      });
      return;
    }
    // A listener without room drops the SYN; the client sends it again.
    if (!listener.hasRoom) return;
    this.answered = true;
    listener.halfOpen++;
    const child = this.makeChild(listener, link, target);
    child.flow?.send(HEADER_BYTES, () => this.establish(child, listener));
  }

  private makeChild(listener: TcpSocket, link: Link, target: TcpMachine): TcpSocket {
    const { client } = this;
    const { network } = client.machine;
    const child = target.makeTcp(listener.family);
    child.options.inherit(listener.options);
    child.state = 'open';
    child.phase = 'connected';
    child.local = this.to;
    child.remote = this.from;
    child.peer = client;
    child.flow = new Flow(network, link, target);
    return child;
  }

  /** SYN-ACK has arrived: the client is connected, and confirms it to the server. */
  private establish(child: TcpSocket, listener: TcpSocket): void {
    const { client } = this;
    const { machine } = client;
    const link = machine.network.link(machine, child.machine);
    const flow = new Flow(machine.network, link, machine);
    if (client.state !== 'syn-sent' || client.remote !== this.to) {
      listener.halfOpen--;
      flow.send(HEADER_BYTES, () => child.resetArrives());
      return;
    }
    client.state = 'open';
    client.peer = child;
    client.flow = flow;
    flow.send(HEADER_BYTES, () => listener.enqueue(child));
    client.wake(0);
  }
}
