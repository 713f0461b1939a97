import { once } from 'node:events';
import http from 'node:http';
import { createRequire } from 'node:module';
import WebSocket, { WebSocketServer } from 'ws';
import { bytes, close, digest, listen, sha } from '../kit/tools.mjs';

// The package uses what Node calls deprecated, and says so on each start.
process.noDeprecation = true;
const httpProxy = createRequire(import.meta.url)('http-proxy');

export const packages = ['http-proxy'];

async function chain({ lib }, listener) {
  const target = lib.createHttpServer(listener);
  const targetPort = await listen(target);
  const agent = new lib.HttpAgent({ keepAlive: true });
  const proxy = httpProxy.createProxyServer({ target: `http://127.0.0.1:${targetPort}`, agent });
  const front = lib.createHttpServer((request, response) => {
    proxy.web(request, response, {}, () => response.writeHead(502).end('bad gateway'));
  });
  front.on('upgrade', (request, socket, head) => proxy.ws(request, socket, head, { agent: false }));
  const port = await listen(front);
  const stop = async () => {
    agent.destroy();
    front.closeAllConnections();
    target.closeAllConnections();
    if (target.listening) await close(target);
    await close(front);
  };
  return { port, target, stop };
}

async function post(port, agent, body) {
  const request = http.request({ host: '127.0.0.1', port, method: 'POST', agent });
  request.end(body);
  const [response] = await once(request, 'response');
  return { status: response.statusCode, ...(await digest(response)) };
}

export const scenarios = {
  async 'uploads and downloads of 4 MiB through the proxy'(context) {
    const { port, stop } = await chain(context, (request, response) => request.pipe(response));
    const agent = new context.lib.HttpAgent({ keepAlive: true });
    const results = await Promise.all(
      Array.from({ length: 4 }, (_, i) => post(port, agent, bytes(4 << 20, i))),
    );
    agent.destroy();
    await stop();
    return results;
  },

  async 'a web socket through the proxy'(context) {
    const { port, target, stop } = await chain(context);
    const sockets = new WebSocketServer({ server: target });
    sockets.on('connection', (peer) => peer.on('message', (data) => peer.send(data)));
    const client = new WebSocket(`ws://127.0.0.1:${port}/`);
    await once(client, 'open');
    const got = [];
    client.on('message', (data) => got.push(sha(data)));
    for (let i = 0; i < 50; i++) client.send(bytes(i * 1000, i));
    while (got.length < 50) await once(client, 'message');
    client.terminate();
    sockets.close();
    await stop();
    return got;
  },

  async 'a target that is gone gives 502'(context) {
    const { port, target, stop } = await chain(context, (_, response) => response.end());
    const agent = new context.lib.HttpAgent();
    await post(port, agent, 'x');
    target.closeAllConnections();
    await close(target);
    const { status } = await post(port, agent, 'x');
    await stop();
    return status;
  },
};
