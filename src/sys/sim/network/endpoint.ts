/** Addresses inside the simulated network: IPv4 texts, and IPv6 ones as inet_ntop(3) has them. */
import { isIPv4, isIPv6, isLinkLocal } from '../../../util/ip.js';
import { ipToNumber, isMapped, numberToIp } from '../../../util/ip_number.js';
import { errno } from '../../../util/system_error.js';
import { constants } from '../constants.js';

/** `ip` is an IPv4 text even on an IPv6 socket if it stands for an IPv4 address. */
export interface Endpoint {
  readonly ip: string;
  readonly port: number;
}

export const ANY_4 = '0.0.0.0';
export const ANY_6 = '::';

export function isAny(ip: string): boolean {
  return ip === ANY_4 || ip === ANY_6;
}

/** Addresses that lead back to the machine itself. */
export function isLoopback(ip: string): boolean {
  return ip === '::1' || (isIPv4(ip) && ip.startsWith('127.'));
}

/** The endpoint that the arguments of bind(2) or connect(2) name, or -errno. */
export function endpointOf(family: number, address: string, port: number): Endpoint | number {
  if (family !== constants.AF_INET && family !== constants.AF_INET6) return -errno.EAFNOSUPPORT;
  if (!Number.isInteger(port) || port < 0 || port > 65535) return -errno.EINVAL;
  if (family === constants.AF_INET) {
    return isIPv4(address) ? { ip: address, port } : -errno.EINVAL;
  }
  if (!isIPv6(address)) return -errno.EINVAL;
  const value = ipToNumber(address, 6);
  if (value === null) return -errno.EINVAL;
  if (isMapped(value)) return { ip: numberToIp(value & 0xffffffffn, 4), port };
  const zone = address.indexOf('%');
  const suffix = zone >= 0 && isLinkLocal(address) ? address.slice(zone) : '';
  return { ip: numberToIp(value, 6) + suffix, port };
}

/** The text that a socket of `family` reports for `ip`. */
export function textFor(family: number, ip: string): string {
  return family === constants.AF_INET6 && isIPv4(ip) ? `::ffff:${ip}` : ip;
}
