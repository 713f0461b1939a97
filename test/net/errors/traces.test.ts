/** The stack trace of an error about a wrong call begins at that call. */
import assert from 'node:assert/strict';
import { row } from '../../kit/row.js';

/** The module without its types: every call here is a wrong one. */
// biome-ignore lint/suspicious/noExplicitAny: the types exist to refuse these very calls
type Untyped = any;

const MISTAKES: Readonly<Record<string, (net: Untyped) => unknown>> = {
  'connect to no port': (net) => net.connect({ port: 99_999 }),
  'connect to no host': (net) => net.connect({ port: 1, host: 5 }),
  'connect to no path': (net) => net.connect({ path: 5 }),
  'connect from no address': (net) => net.connect({ port: 1, localAddress: 'x' }),
  'connect to nothing': (net) => new net.Socket().connect({}),
  'createConnection to no port': (net) => net.createConnection(-1),
  'listen on no port': (net) => net.createServer().listen(99_999),
  'listen twice': (net) => {
    const server = net.createServer().listen(0);
    try {
      server.listen(0);
    } finally {
      server.close();
    }
  },
  'a server of no options': (net) => net.createServer(5),
  'a Server of no options': (net) => new net.Server(5),
  'no time': (net) => new net.Socket().setTimeout('x'),
  'no descriptor': (net) => new net.Socket({ fd: 'x' }),
  'no type of service': (net) => new net.Socket().setTypeOfService('x'),
  'no rule': (net) => new net.BlockList().addAddress(5),
  'no address': (net) => new net.SocketAddress({ address: 5 }),
  'no default': (net) => net.setDefaultAutoSelectFamily(5),
};

function framesOf(net: Untyped, call: (net: Untyped) => unknown): string[] {
  try {
    call(net);
  } catch (error) {
    return (error as Error).stack?.split('\n').filter((line) => /^ {4}at /.test(line)) ?? [];
  }
  throw new Error('nothing was thrown');
}

/** Runs `check` with source maps on or off, whatever the command line says. */
function withSourceMaps(on: boolean, check: () => void): void {
  const before = process.sourceMapsEnabled;
  process.setSourceMapsEnabled(on);
  try {
    check();
  } finally {
    process.setSourceMapsEnabled(before);
  }
}

for (const [what, call] of Object.entries(MISTAKES)) {
  row(`${what}: the trace begins with the line that says so`, ({ net }) => {
    withSourceMaps(false, () => {
      const frames = framesOf(net, call);
      assert.match(frames[0] ?? '', /traces\.test/, frames.join('\n'));
      assert.ok(frames.length <= Error.stackTraceLimit);
    });
  });

  row(`${what}: with source maps, behind the source of what was called`, ({ net }) => {
    withSourceMaps(true, () => {
      const frames = framesOf(net, call);
      assert.match(frames[0] ?? '', /src\/(net|util)\/[\w/]+\.ts:/, frames.join('\n'));
      assert.match(frames[1] ?? '', /traces\.test/, frames.join('\n'));
    });
  });
}

row('a trace is as long as Error.stackTraceLimit says, which stays what it was', ({ net }) => {
  const call = (): unknown => (net as Untyped).connect({ port: 99_999 });
  const { stackTraceLimit, prepareStackTrace } = Error;
  try {
    for (const limit of [0, 1, 3]) {
      Error.stackTraceLimit = limit;
      assert.equal(framesOf(net, call).length, limit);
      assert.equal(Error.stackTraceLimit, limit);
    }
    Error.prepareStackTrace = (_, sites): unknown => sites;
    assert.throws(call, (error: Error) => Array.isArray(error.stack));
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
    if (prepareStackTrace) Error.prepareStackTrace = prepareStackTrace;
    else Reflect.deleteProperty(Error, 'prepareStackTrace');
  }
});
