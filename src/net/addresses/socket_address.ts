/** `SocketAddress`: an IP address with a port, as data. Nothing here touches the network. */
import { inspect } from 'node:util';
import { codedError, invalidArgValue, outOfRange } from '../../util/errors.js';
import { ipToNumber, numberToIp } from '../../util/ip_number.js';
import { pick } from '../../util/options.js';
import {
  validateNumber,
  validateObject,
  validatePort,
  validateString,
} from '../../util/validate.js';

/** The families as `SocketAddress` and `BlockList` name them. */
export type IPVersion = 'ipv4' | 'ipv6';

/** `new SocketAddress(options)`. */
export interface SocketAddressInitOptions {
  /** Default `'127.0.0.1'`, or `'::'` for `'ipv6'`. */
  address?: string | undefined;
  /** Default `'ipv4'`. */
  family?: IPVersion | undefined;
  /** Of IPv6 only, 0 to 2³²−1. Default 0. */
  flowlabel?: number | undefined;
  /** 0 to 65535. Default 0. */
  port?: number | undefined;
}

/** What the built-in's objects and ours have in common. */
export interface SocketAddressLike {
  /** The IP address, as text. */
  readonly address: string;
  /** `'ipv4'` or `'ipv6'`. */
  readonly family: IPVersion;
  /** The port, 0 to 65535. */
  readonly port: number;
  /** The flow label of IPv6; 0 for IPv4. */
  readonly flowlabel: number;
}

const UINT32_MAX = 2 ** 32 - 1;

/** The option's family; Node takes it in capitals too. */
export function familyOption(family: unknown): IPVersion {
  const lower = typeof family === 'string' ? family.toLowerCase() : family;
  if (lower === 'ipv4' || lower === 'ipv6') return lower;
  throw invalidArgValue('options.family', family);
}

function flowLabel(value: unknown): number {
  validateNumber(value, 'options.flowlabel');
  if (!Number.isInteger(value)) throw outOfRange('options.flowlabel', 'an integer', value);
  if (value < 0 || value > UINT32_MAX) {
    throw outOfRange('options.flowlabel', `>= 0 && <= ${UINT32_MAX}`, value);
  }
  return value;
}

/** `port` of `host:port`, where URL has dropped the one that is its scheme's own. */
function parsedPort(input: string, port: string): number {
  return Number(port || new URL(`https://${input}`).port);
}

/** An IP address with a port. Immutable. */
export class SocketAddress implements SocketAddressLike {
  /** The address as the system writes it. */
  readonly #address: string;
  readonly #port: number;
  readonly #family: IPVersion;
  readonly #flowlabel: number;

  /**
   * Throws `ERR_INVALID_ADDRESS` where the address is none of its family, `ERR_SOCKET_BAD_PORT`,
   * `ERR_INVALID_ARG_VALUE`, `ERR_OUT_OF_RANGE`.
   */
  constructor(given: SocketAddressInitOptions = {}) {
    validateObject(given, 'options');
    const options = pick(given, ['address', 'family', 'flowlabel', 'port']);
    const family = familyOption(options.family ?? (options.family === undefined ? 'ipv4' : null));
    const { address = family === 'ipv4' ? '127.0.0.1' : '::', port = 0, flowlabel = 0 } = options;
    validateString(address, 'options.address');
    this.#port = validatePort(port, 'options.port');
    const label = flowLabel(flowlabel);
    const number = ipToNumber(address, family === 'ipv4' ? 4 : 6);
    if (number === null) throw codedError(Error, 'ERR_INVALID_ADDRESS', 'Invalid socket address');
    this.#address = numberToIp(number, family === 'ipv4' ? 4 : 6);
    this.#family = family;
    this.#flowlabel = family === 'ipv4' ? 0 : label;
  }

  /** The IP address, in its shortest form. */
  get address(): string {
    return this.#address;
  }

  /** The port, 0 to 65535. */
  get port(): number {
    return this.#port;
  }

  /** `'ipv4'` or `'ipv6'`. */
  get family(): IPVersion {
    return this.#family;
  }

  /** The flow label of IPv6; 0 for IPv4. */
  get flowlabel(): number {
    return this.#flowlabel;
  }

  /** The four values as a plain object. */
  toJSON(): { address: string; port: number; family: IPVersion; flowlabel: number } {
    const { address, port, family, flowlabel } = this;
    return { address, port, family, flowlabel };
  }

  /** @internal */
  [inspect.custom](depth: number, options: object): unknown {
    return depth < 0 ? '[SocketAddress]' : `SocketAddress ${inspect(this.toJSON(), options)}`;
  }

  /** Whether `value` is one of these, or the built-in's. */
  static isSocketAddress(value: unknown): value is SocketAddressLike {
    if (typeof value !== 'object' || value === null) return false;
    return #address in value || isBuiltIn(value, 'SocketAddress');
  }

  /**
   * From `1.2.3.4:80` or `[::1]:80`; the port may be absent. Undefined where the text is not that.
   * Unlike the built-in's, port 80 is kept.
   */
  static parse(input: string): SocketAddress | undefined {
    validateString(input, 'input');
    try {
      const { hostname, port } = new URL(`http://${input}`);
      const bracketed = hostname.startsWith('[');
      return new SocketAddress({
        address: bracketed ? hostname.slice(1, -1) : hostname,
        family: bracketed ? 'ipv6' : 'ipv4',
        port: parsedPort(input, port),
      });
    } catch {
      return undefined;
    }
  }
}

/**
 * Whether `value` is one of Node's own objects of this class. Node 20 has no function to ask; in
 * every version they carry a handle under a private symbol, and no module need be loaded to see it.
 */
export function isBuiltIn(value: object, className: 'BlockList' | 'SocketAddress'): boolean {
  if (!Object.getOwnPropertySymbols(value).some((own) => own.description === 'kHandle')) {
    return false;
  }
  for (let proto = Object.getPrototypeOf(value); proto; proto = Object.getPrototypeOf(proto)) {
    if (proto.constructor?.name === className) return true;
  }
  return false;
}
