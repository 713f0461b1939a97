/**
 * Decides which texts are IP addresses, as inet_pton(3) does, with zone ids as `node:net` takes
 * them.
 */

const DIGIT_0 = 48;
const DIGIT_9 = 57;
const DOT = 46;
const COLON = 58;

/** Four decimal numbers without leading zeros, from `at` to the end. */
function isDottedQuad(text: string, at: number, end: number): boolean {
  let parts = 0;
  let value = -1;
  for (let i = at; i <= end; i++) {
    const c = i < end ? text.charCodeAt(i) : DOT;
    if (c === DOT) {
      if (value < 0 || ++parts > 4) return false;
      value = -1;
    } else if (c < DIGIT_0 || c > DIGIT_9 || value === 0) {
      return false;
    } else {
      value = (value < 0 ? 0 : value * 10) + (c - DIGIT_0);
      if (value > 255) return false;
    }
  }
  return parts === 4;
}

function isHexDigit(c: number): boolean {
  return (c >= DIGIT_0 && c <= DIGIT_9) || ((c | 32) >= 97 && (c | 32) <= 102);
}

/** The index where the address before a zone id ends, or -1 if the zone id is not valid. */
function endOfAddress(text: string): number {
  const percent = text.indexOf('%');
  if (percent < 0) return text.length;
  return /^[0-9a-zA-Z\-.:]+$/.test(text.slice(percent + 1)) ? percent : -1;
}

function isV6Text(text: string): boolean {
  const end = endOfAddress(text);
  if (end < 2) return false;
  let groups = 0;
  let gap = false;
  let at = 0;
  if (text.charCodeAt(0) === COLON) {
    if (text.charCodeAt(1) !== COLON) return false;
    gap = true;
    at = 2;
  }
  while (at < end) {
    let stop = at;
    while (stop < end && isHexDigit(text.charCodeAt(stop))) stop++;
    if (stop < end && text.charCodeAt(stop) === DOT) {
      if (!isDottedQuad(text, at, end)) return false;
      groups += 2;
      at = end;
      break;
    }
    if (stop === at || stop - at > 4) return false;
    groups++;
    at = stop;
    if (at === end) break;
    if (text.charCodeAt(at++) !== COLON) return false;
    if (at === end) return false;
    if (text.charCodeAt(at) === COLON) {
      if (gap) return false;
      gap = true;
      at++;
    }
  }
  return gap ? groups <= 7 : groups === 8;
}

/**
 * Tells whether `input` is an IPv4 address in dotted-quad form, without leading zeros. Anything
 * but a string is turned into a string first; manual, `net.isIPv4`.
 */
export function isIPv4(input: unknown): boolean {
  const text = `${input as string}`;
  return text.length >= 7 && text.length <= 15 && isDottedQuad(text, 0, text.length);
}

/** Tells whether `input` is an IPv6 address, with or without a zone id; manual, `net.isIPv6`. */
export function isIPv6(input: unknown): boolean {
  return isV6Text(`${input as string}`);
}

/** 4, 6, or 0 if `input` is not an IP address; manual, `net.isIP`. */
export function isIP(input: unknown): 0 | 4 | 6 {
  if (isIPv4(input)) return 4;
  return isIPv6(input) ? 6 : 0;
}

/** Whether the address is in fe80::/10, where an address means nothing without its zone. */
export function isLinkLocal(address: string): boolean {
  if (!isIPv6(address)) return false;
  const first = Number.parseInt(address.split(':', 1)[0] || '0', 16);
  return (first & 0xffc0) === 0xfe80;
}
