/**
 * Node-shaped errors for failed system calls. Below the public edge a failure is `-errno`. Here it
 * becomes an `Error`, once, with `code`, `errno`, `syscall` and the address of the call.
 */
import { constants } from 'node:os';
import { getSystemErrorMap, getSystemErrorName } from 'node:util';

/** The error numbers of this machine, as positive numbers: `errno.ECONNRESET`. */
export const errno: Readonly<Record<keyof typeof constants.errno, number>> = constants.errno;

/** The properties of Node's errors about system calls. */
export interface SystemError extends Error {
  /** The negative error number. */
  errno: number;
  /** The error's name, such as `ECONNREFUSED`. */
  code: string;
  /** The call that failed, such as `connect`. */
  syscall: string;
  /** The IP address or the path, if the call had one. */
  address?: string;
  /** The port, if the call had one. */
  port?: number;
  localAddress?: string;
  localPort?: number;
}

const names = new Map<number, string>();

/** Node builds this map anew at each request, so it is asked for once. */
let descriptions: ReadonlyMap<number, readonly [string, string]> | null = null;

function description(status: number): string {
  descriptions ??= getSystemErrorMap();
  return descriptions.get(status)?.[1] ?? 'unknown error';
}

/**
 * The name of an error given as `-errno`. Kept, since Node builds a map for each request here too.
 */
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

/** An error with the system's description: `listen EADDRINUSE: address already in use :::80`. */
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
