/**
 * Node-shaped errors for failed system calls. Below the public edge a failure is `-errno`; here it
 * becomes, once, an `Error` with `code`, `errno`, `syscall` and the address it is about.
 */
import { constants } from 'node:os';
import { getSystemErrorMap, getSystemErrorName } from 'node:util';

/** The errors of this machine as positive numbers: `errno.ECONNRESET`. */
export const errno: Readonly<Record<keyof typeof constants.errno, number>> = constants.errno;

/** What Node's errors about system calls carry. */
export interface SystemError extends Error {
  /** The negative error number. */
  errno: number;
  /** The error's name, such as `ECONNREFUSED`. */
  code: string;
  /** The call that failed, such as `connect`. */
  syscall: string;
  /** The IP address or the path, where the call had one. */
  address?: string;
  /** The port, where the call had one. */
  port?: number;
  localAddress?: string;
  localPort?: number;
}

const names = new Map<number, string>();

/** Asked for once: Node builds the whole map anew each time. */
let descriptions: ReadonlyMap<number, readonly [string, string]> | null = null;

function description(status: number): string {
  descriptions ??= getSystemErrorMap();
  return descriptions.get(status)?.[1] ?? 'unknown error';
}

/** The name of an error given as `-errno`; kept, as Node asks that map as well. */
export function errorName(status: number): string {
  const known = names.get(status);
  if (known !== undefined) return known;
  const name = getSystemErrorName(status);
  names.set(status, name);
  return name;
}

function build(message: string, status: number, syscall: string): SystemError {
  const code = errorName(status);
  return Object.assign(new Error(message), { errno: status, code, syscall });
}

/** An error like `read ECONNRESET`. `status` is `-errno`. */
export function systemError(status: number, syscall: string): SystemError {
  return build(`${syscall} ${errorName(status)}`, status, syscall);
}

function target(address: string | null | undefined, port: number | undefined): string {
  if (port !== undefined && port > 0) return ` ${address}:${port}`;
  return address ? ` ${address}` : '';
}

function withTarget(
  error: SystemError,
  address: string | null | undefined,
  port: number | undefined,
): SystemError {
  if (typeof address === 'string') error.address = address;
  if (port) error.port = port;
  return error;
}

/** An error like `connect ECONNREFUSED 127.0.0.1:80 - Local (127.0.0.1:5000)`. */
export function addressError(
  status: number,
  syscall: string,
  address: string | null | undefined,
  port?: number,
  local?: string,
): SystemError {
  const details = target(address, port) + (local ? ` - Local (${local})` : '');
  return withTarget(
    build(`${syscall} ${errorName(status)}${details}`, status, syscall),
    address,
    port,
  );
}

/** An error with the system's own words: `listen EADDRINUSE: address already in use :::80`. */
export function explainedError(
  status: number,
  syscall: string,
  address: string | null | undefined,
  port?: number,
): SystemError {
  const words = description(status);
  const text = `${syscall} ${errorName(status)}: ${words}${target(address, port)}`;
  return withTarget(build(text, status, syscall), address, port);
}
