/** Bad arguments throw what `node:net` throws: class, code and message, word for word. */
import assert from 'node:assert/strict';
import nodeNet from 'node:net';
import { test } from 'node:test';
import { row } from '../../kit/row.js';

/** `node:net` without its types: every call here is a wrong one. */
// biome-ignore lint/suspicious/noExplicitAny: the types exist to refuse these very calls
type Untyped = any;

type Case = readonly [
  what: string,
  call: (net: Untyped) => unknown,
  name: string,
  code: string,
  message: string,
];

/** As Node 26.10 has them. */
const CASES: readonly Case[] = [
  [
    'setTypeOfService of a text',
    (net) => new net.Socket().setTypeOfService('x'),
    'TypeError',
    'ERR_INVALID_ARG_TYPE',
    `The "tos" argument must be of type number. Received type string ('x')`,
  ],
  [
    'setTypeOfService over 255',
    (net) => new net.Socket().setTypeOfService(256),
    'RangeError',
    'ERR_OUT_OF_RANGE',
    'The value of "tos" is out of range. It must be >= 0 && <= 255. Received 256',
  ],
  [
    'setTypeOfService of NaN',
    (net) => new net.Socket().setTypeOfService(NaN),
    'TypeError',
    'ERR_INVALID_ARG_TYPE',
    'The "tos" argument must be of type number. Received type number (NaN)',
  ],
  [
    'connect to nothing',
    (net) => net.connect({}),
    'TypeError',
    'ERR_MISSING_ARGS',
    'The "options" or "port" or "path" argument must be specified',
  ],
  [
    'connect to port 70000',
    (net) => net.connect({ port: 70000 }),
    'RangeError',
    'ERR_SOCKET_BAD_PORT',
    'Port should be >= 0 and < 65536. Received type number (70000).',
  ],
  [
    'connect to a port that is an object',
    (net) => net.connect({ port: {} }),
    'TypeError',
    'ERR_INVALID_ARG_TYPE',
    'The "options.port" property must be one of type number or string. Received an ' +
      'instance of Object',
  ],
  [
    'localAddress that is no IP address',
    (net) => net.connect({ port: 1, localAddress: 'x' }),
    'TypeError',
    'ERR_INVALID_IP_ADDRESS',
    'Invalid IP address: x',
  ],
  [
    'localPort that is a text',
    (net) => net.connect({ port: 1, localPort: '1' }),
    'TypeError',
    'ERR_INVALID_ARG_TYPE',
    `The "options.localPort" property must be of type number. Received type string ('1')`,
  ],
  [
    'lookup that is no function',
    (net) => net.connect({ port: 1, lookup: 1 }),
    'TypeError',
    'ERR_INVALID_ARG_TYPE',
    'The "options.lookup" property must be of type function. Received type number (1)',
  ],
  [
    'autoSelectFamily that is no boolean',
    (net) => net.connect({ port: 1, autoSelectFamily: 1 }),
    'TypeError',
    'ERR_INVALID_ARG_TYPE',
    'The "options.autoSelectFamily" property must be of type boolean. Received type number (1)',
  ],
  [
    'attempt timeout of 0',
    (net) => net.connect({ port: 1, autoSelectFamilyAttemptTimeout: 0 }),
    'RangeError',
    'ERR_OUT_OF_RANGE',
    'The value of "options.autoSelectFamilyAttemptTimeout" is out of range. It must ' +
      'be >= 1 && <= 2147483647. Received 0',
  ],
  [
    'attempt timeout that is a text',
    (net) => net.connect({ port: 1, autoSelectFamilyAttemptTimeout: '1' }),
    'TypeError',
    'ERR_INVALID_ARG_TYPE',
    `The "options.autoSelectFamilyAttemptTimeout" property must be of type number. ` +
      `Received type string ('1')`,
  ],
  [
    'path that is a number',
    (net) => net.connect({ path: 1 }),
    'TypeError',
    'ERR_INVALID_ARG_TYPE',
    'The "options.path" property must be of type string. Received type number (1)',
  ],
  [
    'createServer of a text',
    (net) => net.createServer('x'),
    'TypeError',
    'ERR_INVALID_ARG_TYPE',
    `The "options" argument must be of type object. Received type string ('x')`,
  ],
  [
    'server keepAliveInitialDelay of a text',
    (net) => net.createServer({ keepAliveInitialDelay: 'x' }),
    'TypeError',
    'ERR_INVALID_ARG_TYPE',
    `The "options.keepAliveInitialDelay" property must be of type number. Received ` +
      `type string ('x')`,
  ],
  [
    'server highWaterMark of a text',
    (net) => net.createServer({ highWaterMark: 'x' }),
    'TypeError',
    'ERR_INVALID_ARG_TYPE',
    `The "options.highWaterMark" property must be of type number. Received type string ('x')`,
  ],
  [
    'listen on port 70000',
    (net) => net.createServer().listen({ port: 70000 }),
    'RangeError',
    'ERR_SOCKET_BAD_PORT',
    'options.port should be >= 0 and < 65536. Received type number (70000).',
  ],
  [
    'listen on port -1',
    (net) => net.createServer().listen({ port: -1 }),
    'RangeError',
    'ERR_SOCKET_BAD_PORT',
    'options.port should be >= 0 and < 65536. Received type number (-1).',
  ],
  [
    'listen on port a',
    (net) => net.createServer().listen({ port: 'a' }),
    'RangeError',
    'ERR_SOCKET_BAD_PORT',
    "options.port should be >= 0 and < 65536. Received type string ('a').",
  ],
  [
    'listen on nothing',
    (net) => net.createServer().listen({}),
    'TypeError',
    'ERR_INVALID_ARG_VALUE',
    `The argument 'options' must have the property "port" or "path". Received {}`,
  ],
  [
    'listen on port true',
    (net) => net.createServer().listen({ port: true }),
    'TypeError',
    'ERR_INVALID_ARG_VALUE',
    "The argument 'options' is invalid. Received { port: true }",
  ],
  [
    'listen on a path that is a number',
    (net) => net.createServer().listen({ path: 1 }),
    'TypeError',
    'ERR_INVALID_ARG_VALUE',
    "The argument 'options' is invalid. Received { path: 1 }",
  ],
  [
    'listen signal that is none',
    (net) => net.createServer().listen({ port: 0, signal: 1 }),
    'TypeError',
    'ERR_INVALID_ARG_TYPE',
    'The "options.signal" property must be an instance of AbortSignal. Received type number (1)',
  ],
  [
    'listen(true)',
    (net) => net.createServer().listen(true),
    'TypeError',
    'ERR_INVALID_ARG_VALUE',
    "The argument 'options' is invalid. Received { port: true }",
  ],
  [
    'setTimeout of a text',
    (net) => new net.Socket().setTimeout('x'),
    'TypeError',
    'ERR_INVALID_ARG_TYPE',
    `The "msecs" argument must be of type number. Received type string ('x')`,
  ],
  [
    'setTimeout of -1',
    (net) => new net.Socket().setTimeout(-1),
    'RangeError',
    'ERR_OUT_OF_RANGE',
    'The value of "msecs" is out of range. It must be a non-negative finite number. Received -1',
  ],
  [
    'setTimeout callback that is none',
    (net) => new net.Socket().setTimeout(1, 1),
    'TypeError',
    'ERR_INVALID_ARG_TYPE',
    'The "callback" argument must be of type function. Received type number (1)',
  ],
  [
    'setDefaultAutoSelectFamily of a number',
    (net) => net.setDefaultAutoSelectFamily(1),
    'TypeError',
    'ERR_INVALID_ARG_TYPE',
    'The "value" argument must be of type boolean. Received type number (1)',
  ],
  [
    'setDefault…AttemptTimeout of a text',
    (net) => net.setDefaultAutoSelectFamilyAttemptTimeout('x'),
    'TypeError',
    'ERR_INVALID_ARG_TYPE',
    `The "value" argument must be of type number. Received type string ('x')`,
  ],
  [
    'setDefault…AttemptTimeout of 0',
    (net) => net.setDefaultAutoSelectFamilyAttemptTimeout(0),
    'RangeError',
    'ERR_OUT_OF_RANGE',
    'The value of "value" is out of range. It must be >= 1 && <= 2147483647. Received 0',
  ],
  [
    'fd that is a text',
    (net) => new net.Socket({ fd: 'x' }),
    'TypeError',
    'ERR_INVALID_ARG_TYPE',
    `The "fd" argument must be of type number. Received type string ('x')`,
  ],
  [
    'fd -1',
    (net) => new net.Socket({ fd: -1 }),
    'RangeError',
    'ERR_OUT_OF_RANGE',
    'The value of "fd" is out of range. It must be >= 0 && <= 2147483647. Received -1',
  ],
  [
    'signal that is none',
    (net) => new net.Socket({ signal: 1 }),
    'TypeError',
    'ERR_INVALID_ARG_TYPE',
    'The "signal" argument must be an instance of AbortSignal. Received type number (1)',
  ],
  [
    'objectMode',
    (net) => new net.Socket({ objectMode: true }),
    'TypeError',
    'ERR_INVALID_ARG_VALUE',
    "The property 'options.objectMode' is not supported. Received true",
  ],
  [
    'keepAliveInitialDelay of a text',
    (net) => new net.Socket({ keepAliveInitialDelay: '1' }),
    'TypeError',
    'ERR_INVALID_ARG_TYPE',
    `The "options.keepAliveInitialDelay" property must be of type number. Received ` +
      `type string ('1')`,
  ],
  [
    'typeOfService of 300',
    (net) => new net.Socket({ typeOfService: 300 }),
    'RangeError',
    'ERR_OUT_OF_RANGE',
    'The value of "options.typeOfService" is out of range. It must be >= 0 && <= 255. Received 300',
  ],
  [
    'blockList that is none',
    (net) => new net.Socket({ blockList: {} }),
    'TypeError',
    'ERR_INVALID_ARG_TYPE',
    'The "options.blockList" property must be an net.BlockList. Received an instance of Object',
  ],
  [
    'server blockList that is none',
    (net) => net.createServer({ blockList: 1 }),
    'TypeError',
    'ERR_INVALID_ARG_TYPE',
    'The "options.blockList" property must be an net.BlockList. Received type number (1)',
  ],
  [
    'write of a number',
    (net) => new net.Socket().write(1),
    'TypeError',
    'ERR_INVALID_ARG_TYPE',
    'The "chunk" argument must be of type string or an instance of Buffer, ' +
      'TypedArray, or DataView. Received type number (1)',
  ],
  [
    'write of null',
    (net) => new net.Socket().write(null),
    'TypeError',
    'ERR_STREAM_NULL_VALUES',
    'May not write null values to stream',
  ],
  [
    'readableAll on an abstract name',
    (net) => net.createServer().listen({ path: '\0a', readableAll: true }),
    'TypeError',
    'ERR_INVALID_ARG_VALUE',
    "The argument 'options' can not set readableAll or writableAllt to true when " +
      "path is abstract unix socket. Received { path: '\\x00a', readableAll: true }",
  ],
  [
    'host that is a number',
    (net) => net.connect({ port: 1, host: 1 }),
    'TypeError',
    'ERR_INVALID_ARG_TYPE',
    'The "options.host" property must be of type string. Received type number (1)',
  ],
  [
    'host with a NUL',
    (net) => net.connect({ port: 1, host: 'a\0b' }),
    'TypeError',
    'ERR_INVALID_ARG_VALUE',
    "The property 'options.host' must be a string without null bytes. Received 'a\\x00b'",
  ],
  [
    'getConnections without a callback',
    (net) => net.createServer().getConnections(1),
    'TypeError',
    'ERR_INVALID_ARG_TYPE',
    'The "callback" argument must be of type function. Received type number (1)',
  ],
  [
    'hints that are a text',
    (net) => net.connect({ port: 1, hints: 'x' }),
    'TypeError',
    'ERR_INVALID_ARG_TYPE',
    `The "options.hints" property must be of type number. Received type string ('x')`,
  ],
  [
    'family 9',
    (net) => net.connect({ port: 1, family: 9, host: 'h' }),
    'TypeError',
    'ERR_INVALID_ARG_VALUE',
    "The property 'options.family' must be one of: 0, 4, 6. Received 9",
  ],
  [
    'listen on a host that is a number',
    (net) => net.createServer().listen({ port: 0, host: 1 }),
    'TypeError',
    'ERR_INVALID_ARG_TYPE',
    'The "hostname" argument must be of type string. Received type number (1)',
  ],
  [
    'highWaterMark of -1',
    (net) => new net.Socket({ highWaterMark: -1 }),
    'TypeError',
    'ERR_INVALID_ARG_VALUE',
    "The property 'options.readableHighWaterMark' is invalid. Received -1",
  ],
  [
    'setEncoding of an unknown one',
    (net) => new net.Socket().setEncoding('zz'),
    'TypeError',
    'ERR_UNKNOWN_ENCODING',
    'Unknown encoding: zz',
  ],
];

for (const [what, call, name, code, message] of CASES) {
  row(`${what}: ${code}`, ({ net }) => {
    assert.throws(() => call(net), { name, code, message });
  });
}

const isNewest = process.versions.node.startsWith('26.');

test('the table of errors is that of the running node:net', { skip: !isNewest }, () => {
  for (const [what, call, name, code, message] of CASES) {
    assert.throws(() => call(nodeNet), { name, code, message }, what);
  }
});
