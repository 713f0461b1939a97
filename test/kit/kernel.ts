/** What the kernel says of a connection. Tests find it by its ports, never by fields of ours. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { KernelConstant } from '#internal/sys/kernel';
import { linux } from '#internal/sys/linux';
import { need } from './tools.js';

export interface TcpEntry {
  localPort: number;
  remotePort: number;
  /** The number of the state in the kernel's list: 1 ESTABLISHED, 6 TIME_WAIT, 10 LISTEN, … */
  state: number;
  inode: string;
}

export const ESTABLISHED = 1;
export const TIME_WAIT = 6;
export const LISTEN = 10;

/** /proc/net/tcp and tcp6. */
export function tcpEntries(): TcpEntry[] {
  const lines = ['tcp', 'tcp6'].flatMap((name) =>
    readFileSync(`/proc/net/${name}`, 'utf8').split('\n').slice(1),
  );
  return lines
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields.length > 9)
    .map((fields) => ({
      localPort: portOf(fields[1]),
      remotePort: portOf(fields[2]),
      state: Number.parseInt(fields[3] ?? '', 16),
      inode: fields[9] ?? '',
    }));
}

function portOf(text = ''): number {
  return Number.parseInt(text.slice(text.indexOf(':') + 1), 16);
}

/** This process's descriptor of the connection between these ports. */
export function descriptorOf(localPort: number, remotePort: number): number {
  const entry = tcpEntries().find(
    (one) => one.localPort === localPort && one.remotePort === remotePort,
  );
  if (entry === undefined) throw new Error(`no connection ${localPort} to ${remotePort}`);
  for (const name of readdirSync('/proc/self/fd')) {
    try {
      if (readlinkSync(`/proc/self/fd/${name}`) === `socket:[${entry.inode}]`) return Number(name);
    } catch {
      // The descriptor of the listing itself is closed by now.
    }
  }
  throw new Error(`no descriptor of ours for socket ${entry.inode}`);
}

/** getsockopt(2) on a descriptor, of an option that is an int. */
export function option(fd: number, level: KernelConstant, name: KernelConstant): number {
  const bytes = Buffer.alloc(4);
  const { constants } = linux;
  const length = linux.getsockopt(fd, constants[level], constants[name], bytes);
  if (length !== 4) throw new Error(`getsockopt ${name}: ${length}`);
  return bytes.readInt32LE(0);
}

export interface Options {
  noDelay: number;
  keepAlive: number;
  keepIdle: number;
}

/** The options of the connection between these ports, as the kernel has them. */
export function optionsOf(localPort: number, remotePort: number): Options {
  const fd = descriptorOf(localPort, remotePort);
  return {
    noDelay: option(fd, 'IPPROTO_TCP', 'TCP_NODELAY'),
    keepAlive: option(fd, 'SOL_SOCKET', 'SO_KEEPALIVE'),
    keepIdle: option(fd, 'IPPROTO_TCP', 'TCP_KEEPIDLE'),
  };
}

/** The fields of `ss` for each line that a filter leaves. */
export function ss(flags: string, filter: string): string[][] {
  need('ss');
  const output = execFileSync('ss', ['-Hn', flags, filter], { encoding: 'utf8' });
  return output
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.trim().split(/\s+/));
}

/** Backlog and address of the listening TCP socket on `port`, as `ss` prints them. */
export function listenerOf(port: number): { backlog: number; address: string } {
  const [fields] = ss('-tl', `sport = :${port}`);
  if (fields === undefined) throw new Error(`nobody listens on ${port}`);
  return { backlog: Number(fields[2]), address: fields[3] ?? '' };
}
