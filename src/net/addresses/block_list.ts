/** `BlockList`: rules about IP addresses. Pure; an IPv4 address equals its `::ffff:` form. */
import { inspect } from 'node:util';
import { invalidArgType, invalidArgValue } from '../../util/errors.js';
import { ipToNumber, isMapped, toMapped } from '../../util/ip_number.js';
import { validateInt32, validateString } from '../../util/validate.js';
import {
  type IPVersion,
  isBuiltIn,
  SocketAddress,
  type SocketAddressLike,
} from './socket_address.js';

/** An address as rules compare it: 128 bits, and its text. */
interface Point {
  readonly family: 4 | 6;
  readonly value: bigint;
  readonly text: string;
}

interface SpanRule {
  readonly text: string;
  matches(point: Point): boolean;
}

const LABEL = { 4: 'IPv4', 6: 'IPv6' } as const;

function toPoint(address: string | SocketAddressLike, family: unknown, name: string): Point {
  let known: SocketAddressLike;
  if (SocketAddress.isSocketAddress(address)) known = address;
  else {
    validateString(address, name);
    validateString(family, 'family');
    known = new SocketAddress({ address, family: family as IPVersion });
  }
  const version = known.family === 'ipv6' ? 6 : 4;
  const value = ipToNumber(known.address, version) ?? 0n;
  return { family: version, value: toMapped(value, version), text: known.address };
}

/** Negative, 0 or positive; null for an IPv4 address and an IPv6 one that stands for none. */
function compare(a: Point, b: Point): number | null {
  if (a.family !== b.family && !isMapped(a.family === 6 ? a.value : b.value)) return null;
  return a.value < b.value ? -1 : a.value > b.value ? 1 : 0;
}

function rangeRule(start: Point, end: Point): SpanRule {
  return {
    text: `Range: ${LABEL[start.family]} ${start.text}-${end.text}`,
    matches(point) {
      const low = compare(point, start);
      const high = compare(point, end);
      return low !== null && high !== null && low >= 0 && high <= 0;
    },
  };
}

function subnetRule(network: Point, prefix: number): SpanRule {
  const bits = network.family === 4 ? prefix + 96 : prefix;
  const shift = BigInt(128 - bits);
  const wanted = network.value >> shift;
  return {
    text: `Subnet: ${LABEL[network.family]} ${network.text}/${prefix}`,
    matches: (point) => point.value >> shift === wanted,
  };
}

function validateArray(value: unknown, name: string): asserts value is readonly unknown[] {
  if (!Array.isArray(value)) throw invalidArgType(name, 'Array', value);
}

function parseCidr(cidr: unknown): [address: string, prefix: number, family: IPVersion] {
  validateString(cidr, 'cidr');
  const slash = cidr.lastIndexOf('/');
  if (slash < 0) {
    throw invalidArgValue('cidr', cidr, 'must contain a prefix length (e.g. "10.0.0.0/8")');
  }
  const address = cidr.slice(0, slash);
  const prefix = Number.parseInt(cidr.slice(slash + 1), 10);
  if (String(prefix) !== cidr.slice(slash + 1) || Number.isNaN(prefix)) {
    throw invalidArgValue('cidr', cidr, 'prefix length must be a valid integer');
  }
  return [address, prefix, address.includes(':') ? 'ipv6' : 'ipv4'];
}

/** One line of `rules`, as `fromJSON` reads it. */
const RULE = /(Subnet|Address|Range): IPv([46]) ([0-9a-f:.]{1,45})(?:[/-]([0-9a-f:.]{1,45}))?/i;

/** Addresses, ranges and subnets that are to be refused; an option of sockets and servers. */
export class BlockList {
  /** By value, so that one address has one rule. */
  readonly #addresses = new Map<bigint, Point>();
  /** Newest first, as Node lists them. */
  #subnets: SpanRule[] = [];
  #ranges: SpanRule[] = [];
  /** When each rule was added. */
  readonly #order = new WeakMap<object, number>();
  #added = 0;

  /** The networks that are not routed in public, as CIDR. */
  static readonly PRIVATE_RANGES: readonly string[] = Object.freeze([
    '10.0.0.0/8',
    '172.16.0.0/12',
    '192.168.0.0/16',
    '127.0.0.0/8',
    '::1/128',
    '169.254.0.0/16',
    'fe80::/10',
    'fc00::/7',
  ]);

  /** Whether `value` is one of these, or the built-in's. */
  static isBlockList(value: unknown): value is BlockList {
    if (typeof value !== 'object' || value === null) return false;
    return #addresses in value || isBuiltIn(value, 'BlockList');
  }

  /** Adds one address. Throws `ERR_INVALID_ADDRESS` where it is none of the family. */
  addAddress(address: string, family?: IPVersion): void;
  addAddress(address: SocketAddressLike): void;
  addAddress(address: string | SocketAddressLike, family: IPVersion = 'ipv4'): void {
    this.#addPoint(toPoint(address, family, 'address'));
  }

  /** Adds all of them, or none where one is no address. */
  addAddresses(
    addresses: readonly (string | SocketAddressLike)[],
    family: IPVersion = 'ipv4',
  ): void {
    validateArray(addresses, 'addresses');
    validateString(family, 'family');
    const points = addresses.map((address, i) => toPoint(address, family, `addresses[${i}]`));
    for (const point of points) this.#addPoint(point);
  }

  #addPoint(point: Point): void {
    if (!this.#addresses.has(point.value)) this.#addresses.set(point.value, this.#stamp(point));
  }

  /** Adds all from `start` to `end`, both included; `ERR_INVALID_ARG_VALUE` if they are swapped. */
  addRange(start: string, end: string, family?: IPVersion): void;
  addRange(start: SocketAddressLike, end: SocketAddressLike): void;
  addRange(
    start: string | SocketAddressLike,
    end: string | SocketAddressLike,
    family: IPVersion = 'ipv4',
  ): void {
    const from = toPoint(start, family, 'start');
    const to = toPoint(end, family, 'end');
    if ((compare(from, to) ?? 0) > 0) {
      const version = from.family === 6 ? 'ipv6' : 'ipv4';
      const address = new SocketAddress({ address: from.text, family: version });
      throw invalidArgValue('start', address, 'must come before end');
    }
    this.#ranges.unshift(this.#stamp(rangeRule(from, to)));
  }

  /** Adds a network of the given prefix length in bits, up to 32 or 128. */
  addSubnet(network: string, prefix: number, family?: IPVersion): void;
  addSubnet(network: SocketAddressLike, prefix: number): void;
  addSubnet(network: string | SocketAddressLike, prefix: number, family: IPVersion = 'ipv4'): void {
    this.#subnets.unshift(this.#stamp(this.#subnet(network, prefix, family)));
  }

  #subnet(network: string | SocketAddressLike, prefix: number, family: IPVersion): SpanRule {
    const point = toPoint(network, family, 'network');
    validateInt32(prefix, 'prefix', 0, point.family === 4 ? 32 : 128);
    return subnetRule(point, prefix);
  }

  /** Adds a network written as `10.0.0.0/8`. */
  addCIDR(cidr: string): void {
    this.addSubnet(...parseCidr(cidr));
  }

  /** Adds all of them, or none where one is malformed. */
  addCIDRs(cidrs: readonly string[]): void {
    validateArray(cidrs, 'cidrs');
    for (const [i, cidr] of cidrs.entries()) validateString(cidr, `cidrs[${i}]`);
    const subnets = cidrs.map((cidr) => this.#subnet(...parseCidr(cidr)));
    for (const subnet of subnets) this.#subnets.unshift(this.#stamp(subnet));
  }

  /** Takes an address back that `addAddress` added; nothing where there is none. */
  removeAddress(address: string, family?: IPVersion): void;
  removeAddress(address: SocketAddressLike): void;
  removeAddress(address: string | SocketAddressLike, family: IPVersion = 'ipv4'): void {
    this.#addresses.delete(toPoint(address, family, 'address').value);
  }

  /** Takes a range back that was added with the same ends. */
  removeRange(start: string, end: string, family?: IPVersion): void;
  removeRange(start: SocketAddressLike, end: SocketAddressLike): void;
  removeRange(
    start: string | SocketAddressLike,
    end: string | SocketAddressLike,
    family: IPVersion = 'ipv4',
  ): void {
    const from = toPoint(start, family, 'start');
    this.#ranges = without(this.#ranges, rangeRule(from, toPoint(end, family, 'end')));
  }

  /** Takes a subnet back that was added with the same network and prefix. */
  removeSubnet(network: string, prefix: number, family?: IPVersion): void;
  removeSubnet(network: SocketAddressLike, prefix: number): void;
  removeSubnet(
    network: string | SocketAddressLike,
    prefix: number,
    family: IPVersion = 'ipv4',
  ): void {
    this.#subnets = without(this.#subnets, this.#subnet(network, prefix, family));
  }

  /** Takes a subnet back, written as `10.0.0.0/8`. */
  removeCIDR(cidr: string): void {
    this.removeSubnet(...parseCidr(cidr));
  }

  /** Whether a rule covers the address; false for a text that is no address. */
  check(address: SocketAddressLike): boolean;
  check(address: string, family?: IPVersion): boolean;
  check(address: string | SocketAddressLike, family: IPVersion = 'ipv4'): boolean {
    const point = pointToCheck(address, family);
    if (point === null) return false;
    if (this.#addresses.has(point.value)) return true;
    const covers = (rule: SpanRule): boolean => rule.matches(point);
    return this.#subnets.some(covers) || this.#ranges.some(covers);
  }

  /** Removes all rules. */
  clear(): void {
    this.#addresses.clear();
    this.#subnets = [];
    this.#ranges = [];
  }

  /** The rules as text, the newest first. */
  get rules(): readonly string[] {
    const rules = [...this.#addresses.values(), ...this.#subnets, ...this.#ranges];
    const age = (rule: object): number => this.#order.get(rule) ?? 0;
    return rules
      .sort((a, b) => age(b) - age(a))
      .map((rule) =>
        'matches' in rule ? rule.text : `Address: ${LABEL[rule.family]} ${rule.text}`,
      );
  }

  #stamp<Rule extends object>(rule: Rule): Rule {
    this.#order.set(rule, ++this.#added);
    return rule;
  }

  /** How many rules there are. */
  get size(): number {
    return this.#addresses.size + this.#subnets.length + this.#ranges.length;
  }

  /** The same as `rules`. */
  toJSON(): readonly string[] {
    return this.rules;
  }

  /** Adds rules as `toJSON` gives them, or as JSON text of that; other lines are skipped. */
  fromJSON(data: string | readonly string[]): void {
    if (typeof data !== 'string') validateLines(data);
    const lines: unknown = typeof data === 'string' ? JSON.parse(data) : data;
    validateLines(lines);
    for (const line of lines) this.#addLine(line);
  }

  #addLine(line: string): void {
    const [, kind, version, first, second] = RULE.exec(line) ?? [];
    if (kind === undefined || first === undefined) return;
    const family = version === '6' ? 'ipv6' : 'ipv4';
    if (kind === 'Address') this.addAddress(first, family);
    else if (second === undefined) return;
    else if (kind === 'Range') this.addRange(first, second, family);
    else this.addSubnet(first, Number(second), family);
  }

  /** @internal */
  [inspect.custom](depth: number, options: object): unknown {
    if (depth < 0) return '[BlockList]';
    return `BlockList ${inspect({ rules: this.rules }, options)}`;
  }
}

function validateLines(data: unknown): asserts data is readonly string[] {
  if (Array.isArray(data) && data.every((line) => typeof line === 'string')) return;
  throw invalidArgType('data', ['string', 'string[]'], data);
}

/** The rules without the first one that says the same. */
function without(rules: readonly SpanRule[], rule: SpanRule): SpanRule[] {
  const at = rules.findIndex(({ text }) => text === rule.text);
  return at < 0 ? [...rules] : rules.toSpliced(at, 1);
}

function pointToCheck(address: unknown, family: unknown): Point | null {
  if (SocketAddress.isSocketAddress(address)) return toPoint(address, family, 'address');
  validateString(address, 'address');
  validateString(family, 'family');
  const version = family.toLowerCase() === 'ipv4' ? 4 : 6;
  const value = ipToNumber(address, version);
  if (value === null) return null;
  return { family: version, value: toMapped(value, version), text: address };
}

/** The option of that name, checked as `node:net` checks it. */
export function validateBlockList(value: unknown): void {
  if (BlockList.isBlockList(value)) return;
  throw invalidArgType('options.blockList', 'net.BlockList', value);
}
