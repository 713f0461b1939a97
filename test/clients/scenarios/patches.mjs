// Packages that patch `net` itself: tracing and mocking.
import { once } from 'node:events';
import http from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ClientRequestInterceptor } from '@mswjs/interceptors/ClientRequest';
import { NetInstrumentation } from '@opentelemetry/instrumentation-net';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import sinon from 'sinon';
import { about as aboutError, close, digest, event, listen } from '../kit/tools.mjs';

export const packages = ['sinon'];

/** The lowest line of Node that these versions run on. */
export const node = 22;

/** The packages of a scenario, where they are others. */
export const about = {
  'OpenTelemetry: a span for each connection': [
    '@opentelemetry/instrumentation-net',
    '@opentelemetry/sdk-trace-base',
  ],
  'dd-trace: a span for each connection': ['dd-trace'],
  'interceptors: a mocked answer, and a request let through': ['@mswjs/interceptors'],
};

const require = createRequire(import.meta.url);

async function text(socket) {
  const chunks = [];
  for await (const chunk of socket) chunks.push(chunk);
  return String(Buffer.concat(chunks));
}

/** Connects by every way there is, to a port, a path, and where nobody is. */
async function connections(net) {
  const server = net.createServer((socket) => socket.end('hello'));
  const port = await listen(server);
  const path = join(tmpdir(), `bw-patches-${process.pid}.sock`);
  const local = net.createServer((socket) => socket.end('local')).listen(path);
  await once(local, 'listening');
  const got = [
    await text(net.connect(port, '127.0.0.1')),
    await text(net.createConnection({ port, host: '127.0.0.1' })),
    await text(new net.Socket().connect(port, '127.0.0.1')),
    await text(net.connect(path)),
  ];
  const [refused] = await event(net.connect(1, '127.0.0.1'), 'error');
  await Promise.all([close(server), close(local)]);
  return { got, refused: aboutError(refused), port, path };
}

/** What a span says, without what differs from run to run. */
function plain({ name, attributes, status, events }, { port, path }) {
  const known = { [port]: 'PORT', [path]: 'PATH', [`${tmpdir()}`]: 'TMP' };
  const value = (key, given) =>
    /host\.port|local\.port/.test(key) ? 'PORT' : (known[given] ?? given);
  const pairs = Object.entries(attributes).map(([key, given]) => [key, value(key, given)]);
  const happened = events.map((one) => one.name);
  return { name, attributes: Object.fromEntries(pairs.sort()), status: status.code, happened };
}

/** An agent that takes dd-trace's payloads, and what they hold as text. */
async function agent() {
  const payloads = [];
  const server = http.createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    if (request.url.includes('traces')) payloads.push(Buffer.concat(chunks).toString('latin1'));
    response.end('{}');
  });
  const port = await listen(server);
  return { port, server, payloads };
}

const count = (whole, part) => whole.split(part).length - 1;

export const scenarios = {
  async 'OpenTelemetry: a span for each connection'() {
    const exporter = new InMemorySpanExporter();
    const spanProcessors = [new SimpleSpanProcessor(exporter)];
    const instrumentation = new NetInstrumentation();
    instrumentation.setTracerProvider(new BasicTracerProvider({ spanProcessors }));
    instrumentation.enable();
    const net = require('node:net');
    const made = await connections(net);
    const spans = exporter.getFinishedSpans().map((span) => plain(span, made));
    instrumentation.disable();
    await connections(net);
    const after = exporter.getFinishedSpans().length - spans.length;
    return { got: made.got, refused: made.refused, spans, after };
  },

  async 'dd-trace: a span for each connection'() {
    const { port, server, payloads } = await agent();
    process.env.DD_REMOTE_CONFIGURATION_ENABLED = 'false';
    const tracer = require('dd-trace').init({
      url: `http://127.0.0.1:${port}`,
      flushInterval: 0,
      startupLogs: false,
      telemetry: { enabled: false },
      runtimeMetrics: false,
    });
    const net = require('node:net');
    const { got, refused } = await tracer.trace('work', () => connections(net));
    const deadline = Date.now() + 20_000;
    const sent = () => payloads.join('');
    while (count(sent(), 'tcp.connect') < 4 && Date.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    server.closeAllConnections();
    server.close();
    const words = ['tcp.connect', 'ipc.connect', 'tcp.local.address', 'ECONNREFUSED'];
    const seen = words.map((word) => [word, count(sent(), word)]);
    return { got, refused, seen: Object.fromEntries(seen) };
  },

  async 'sinon: stubs and spies, on the module and on the class'() {
    const net = require('node:net');
    const sandbox = sinon.createSandbox();
    const connect = sandbox.spy(net.Socket.prototype, 'connect');
    const write = sandbox.spy(net.Socket.prototype, 'write');
    const { got } = await connections(net);
    const calls = { connect: connect.callCount, write: write.callCount > 0 };
    sandbox.stub(net, 'connect').returns('stubbed');
    sandbox.stub(net, 'createServer').throws(new Error('no servers'));
    const stubbed = net.connect(1);
    let thrown = null;
    try {
      net.createServer();
    } catch (error) {
      thrown = error.message;
    }
    sandbox.restore();
    const again = await connections(net);
    return { got, calls, stubbed, thrown, again: again.got };
  },

  async 'interceptors: a mocked answer, and a request let through'({ lib }) {
    const server = lib.createHttpServer((request, response) => response.end(request.url));
    const port = await listen(server);
    const interceptor = new ClientRequestInterceptor();
    interceptor.apply();
    interceptor.on('request', ({ request, controller }) => {
      if (!request.url.endsWith('/mocked')) return;
      controller.respondWith(new Response('not from the server', { status: 418 }));
    });
    const agent = new lib.HttpAgent({ keepAlive: false });
    const ask = async (path) => {
      const request = http.get({ host: '127.0.0.1', port, path, agent });
      const [response] = await once(request, 'response');
      return { status: response.statusCode, ...(await digest(response)) };
    };
    const answers = [await ask('/mocked'), await ask('/through')];
    interceptor.dispose();
    answers.push(await ask('/mocked'));
    await close(server);
    return answers;
  },
};
