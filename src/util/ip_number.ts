/** Turns IP addresses into numbers, for comparing them, and back into text. */
import { isIPv4, isIPv6 } from './ip.js';

/** The 96 bits before an IPv4 address in its IPv6 form, `::ffff:a.b.c.d`. */
const MAPPED = 0xffffn << 32n;

/** The four bytes of an IPv4 address. `text` must be one. */
export function ipv4Bytes(text: string): number[] {
  return text.split('.').map(Number);
}

function v4ToNumber(text: string): bigint {
  const [a = 0, b = 0, c = 0, d = 0] = ipv4Bytes(text);
  return BigInt(((a << 24) | (b << 16) | (c << 8) | d) >>> 0);
}

function groups(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    if (!group.includes('.')) return [Number.parseInt(group, 16)];
    const number = Number(v4ToNumber(group));
    return [number >>> 16, number & 0xffff];
  });
}

/** The eight groups of an IPv6 address, without its zone. `text` must be one. */
export function ipv6Words(text: string): number[] {
  const [head = '', tail] = (text.split('%', 1)[0] ?? '').split('::');
  const before = groups(head);
  const after = tail === undefined ? [] : groups(tail);
  const zeros = new Array<number>(8 - before.length - after.length).fill(0);
  return [...before, ...zeros, ...after];
}

function v6ToNumber(text: string): bigint {
  let value = 0n;
  for (const group of ipv6Words(text)) value = (value << 16n) | BigInt(group);
  return value;
}

/** The address as a number of 32 or 128 bits, or null if `text` is not of that family. */
export function ipToNumber(text: string, family: 4 | 6): bigint | null {
  if (family === 4) return isIPv4(text) ? v4ToNumber(text) : null;
  return isIPv6(text) ? v6ToNumber(text) : null;
}

/** Maps an IPv4 address to its IPv6 form, `::ffff:a.b.c.d`; returns an IPv6 address as it is. */
export function toMapped(value: bigint, family: 4 | 6): bigint {
  return family === 4 ? MAPPED | value : value;
}

/** Whether an IPv6 address is the mapped form of an IPv4 address. */
export function isMapped(value: bigint): boolean {
  return value >> 32n === 0xffffn;
}

function v4ToText(value: number): string {
  return [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join('.');
}

/** The index and length of the longest run of two or more zero groups. */
function longestZeros(words: readonly number[]): { at: number; length: number } {
  let best = { at: -1, length: 1 };
  let length = 0;
  for (let i = 0; i < words.length; i++) {
    length = words[i] === 0 ? length + 1 : 0;
    if (length > best.length) best = { at: i - length + 1, length };
  }
  return best;
}

function endsInV4(words: readonly number[], zeros: { at: number; length: number }): boolean {
  if (zeros.at !== 0) return false;
  return zeros.length === 6 || (zeros.length === 5 && words[5] === 0xffff);
}

/** The shortest text of an IPv6 address: RFC 5952, in the form that libuv and Node give it. */
export function ipv6Text(words: readonly number[]): string {
  const zeros = longestZeros(words);
  const text = words.map((word) => word.toString(16));
  if (endsInV4(words, zeros)) {
    const [high = 0, low = 0] = words.slice(6);
    text.splice(6, 2, v4ToText(high * 0x1_0000 + low));
  }
  if (zeros.at < 0) return text.join(':');
  return `${text.slice(0, zeros.at).join(':')}::${text.slice(zeros.at + zeros.length).join(':')}`;
}

/** The shortest text of an address. */
export function numberToIp(value: bigint, family: 4 | 6): string {
  if (family === 4) return v4ToText(Number(value));
  return ipv6Text(
    [...Array(8).keys()].map((i) => Number((value >> BigInt(112 - 16 * i)) & 0xffffn)),
  );
}
