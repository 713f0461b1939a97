/** Properties that hold for any input: addresses, arguments, the order of addresses. */
import assert from 'node:assert/strict';
import nodeNet from 'node:net';
import { test } from 'node:test';
import net from 'barewire';
import fc from 'fast-check';
import { interleaveFamilies, usableAddresses } from '#internal/dial/order';
import { normalizeArguments } from '#internal/net/options/arguments';
import type { Kernel } from '#internal/sys/kernel';
import { linux } from '#internal/sys/linux';
import { World } from '#internal/sys/sim/world';
import { ipToNumber, numberToIp } from '#internal/util/ip_number';
import { errno } from '#internal/util/system_error';

const RUNS = { numRuns: 1000 };
const SOCKET_RUNS = { numRuns: 300 };
const simulated: Kernel = new World({ seed: 'fuzz' }).addMachine({ name: 'fuzz' });
const { AF_INET, AF_INET6, AF_UNIX, SOCK_STREAM } = linux.constants;

/** Texts that are addresses, or nearly. */
const nearlyIp = fc.oneof(
  fc.ipV4(),
  fc.ipV6(),
  fc.ipV4Extended(),
  fc.array(fc.constantFrom(...'0123456789abcdefABCDEFg:.%- x/'), { maxLength: 48 }).map((all) => {
    return all.join('');
  }),
  fc.tuple(fc.ipV6(), fc.ipV4()).map(([a, b]) => `${a.split(':').slice(0, 6).join(':')}:${b}`),
  fc
    .tuple(fc.ipV6(), fc.nat(50), fc.constantFrom(':', '.', '0', '::', '%'))
    .map(([text, at, extra]) => text.slice(0, at) + extra + text.slice(at)),
  fc.string({ maxLength: 60 }),
);

/** A path, an abstract name, or something between. */
const name = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 120 }),
  fc.string({ minLength: 100, maxLength: 112 }),
  fc.string({ maxLength: 110 }).map((text) => `\0bw-fuzz-${process.pid}${text}`),
);

test('isIP takes what node:net takes, zones included', () => {
  fc.assert(
    fc.property(nearlyIp, (text) => {
      assert.equal(net.isIP(text), nodeNet.isIP(text), JSON.stringify(text));
    }),
    RUNS,
  );
});

/** Binds and asks for the name: what the codec makes of an address, there and back. */
function throughKernel(kernel: Kernel, family: number, address: string) {
  const fd = kernel.socket(family, SOCK_STREAM, 0);
  assert(fd >= 0);
  try {
    const status = kernel.bind(fd, family, address, 0);
    return status < 0 ? status : kernel.getsockname(fd);
  } finally {
    kernel.close(fd, -1);
  }
}

test('an IPv4 address of loopback comes back from the kernel as it went in', () => {
  fc.assert(
    fc.property(fc.nat(255), fc.nat(255), fc.integer({ min: 1, max: 254 }), (b, c, d) => {
      const address = `127.${b}.${c}.${d}`;
      for (const kernel of [linux, simulated]) {
        const name = throughKernel(kernel, AF_INET, address);
        assert(typeof name === 'object', address);
        assert.equal(name.address, address);
        assert.equal(name.family, AF_INET);
      }
    }),
    SOCKET_RUNS,
  );
});

test('an IPv6 address comes back as the shortest text, mapped ones with their IPv4 part', () => {
  fc.assert(
    fc.property(fc.nat(255), fc.nat(255), fc.constantFrom(0, 1, 2), (c, d, form) => {
      const hex = ((c << 8) | (d || 1)).toString(16);
      const long = [`::ffff:7f00:${hex}`, `0:0:0:0:0:ffff:127.0.${c}.${d || 1}`, '0:0::0:1'][form];
      const expected = form === 2 ? '::1' : `::ffff:127.0.${c}.${d || 1}`;
      for (const kernel of [linux, simulated]) {
        const name = throughKernel(kernel, AF_INET6, long ?? '');
        assert(typeof name === 'object', long);
        assert.equal(name.address, expected);
      }
    }),
    SOCKET_RUNS,
  );
});

test('what is no address is EINVAL, on Linux and in the simulator', () => {
  fc.assert(
    fc.property(nearlyIp, fc.constantFrom(AF_INET, AF_INET6), (text, family) => {
      fc.pre(nodeNet.isIP(text) !== (family === AF_INET ? 4 : 6) && !text.includes('%'));
      assert.equal(throughKernel(linux, family, text), -errno.EINVAL, text);
      assert.equal(throughKernel(simulated, family, text), -errno.EINVAL, text);
    }),
    SOCKET_RUNS,
  );
});

test('a UNIX name is refused, or comes back as it went in', () => {
  fc.assert(
    fc.property(name, (text) => {
      fc.pre(text.startsWith('\0') || text === '' || text.includes('\0') || text.length > 108);
      const real = throughKernel(linux, AF_UNIX, text);
      const ours = throughKernel(simulated, AF_UNIX, text);
      assert.deepEqual(ours, real, JSON.stringify(text));
      if (typeof real === 'object') assert.equal(real.address, text);
    }),
    SOCKET_RUNS,
  );
});

test('an address as a number and back is its shortest text', () => {
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => {
      const family = net.isIP(text);
      fc.pre(family === 4 || family === 6);
      const value = ipToNumber(text, family === 4 ? 4 : 6);
      assert(value !== null, text);
      const shortest = numberToIp(value, family === 4 ? 4 : 6);
      assert.equal(ipToNumber(shortest, family === 4 ? 4 : 6), value, `${text} ${shortest}`);
      assert.equal(numberToIp(value, family === 4 ? 4 : 6), shortest);
      // URLs write IPv6 in the same way, but for the part that is an IPv4 address.
      if (shortest.includes('.')) return;
      assert.equal(`[${shortest}]`, new URL(`http://[${text}]`).hostname);
    }),
    RUNS,
  );
});

interface NodeNormalize {
  _normalizeArgs(args: unknown[]): [object, unknown];
}

test('arguments are put in order as node:net does it', () => {
  const argument = fc.oneof(
    fc.constantFrom<unknown>(undefined, null, true, false, '', '80', '0x10', '1e3', ' 7 ', '-1'),
    fc.integer(),
    fc.double(),
    fc.string({ maxLength: 8 }),
    fc.record({ port: fc.nat(70_000) }),
    fc.func(fc.constant(undefined)),
    fc.array(fc.nat(3), { maxLength: 2 }),
  );
  const { _normalizeArgs } = nodeNet as unknown as NodeNormalize;
  fc.assert(
    fc.property(fc.array(argument, { maxLength: 5 }), (args) => {
      const [options, callback] = normalizeArguments(args);
      const [theirOptions, theirCallback] = _normalizeArgs([...args]);
      assert.deepEqual(options, theirOptions);
      assert.equal(callback, theirCallback);
    }),
    RUNS,
  );
});

const found = fc.array(
  fc.record({
    address: fc.oneof(fc.ipV4(), fc.ipV6(), fc.string({ maxLength: 5 })),
    family: fc.constantFrom(4, 6, 0, 5),
  }),
  { maxLength: 12 },
);

test('addresses to try: each usable one once, families in turn, order kept within each', () => {
  fc.assert(
    fc.property(found, (list) => {
      const usable = usableAddresses(list);
      const ordered = interleaveFamilies(usable);
      assert.equal(new Set(usable.map(({ address }) => address)).size, usable.length);
      assert.equal(ordered.length, usable.length);
      assert.deepEqual(ordered[0], usable[0]);
      for (const family of [4, 6]) {
        const of = (all: typeof usable) => all.filter((one) => one.family === family);
        assert.deepEqual(of(ordered), of(usable));
      }
      const fewer = Math.min(
        ...[4, 6].map((family) => usable.filter((one) => one.family === family).length),
      );
      for (let i = 1; i < 2 * fewer; i++) {
        assert.notEqual(ordered[i]?.family, ordered[i - 1]?.family);
      }
    }),
    RUNS,
  );
});
