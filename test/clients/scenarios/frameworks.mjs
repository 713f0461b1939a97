import { once } from 'node:events';
import http from 'node:http';
import { Readable } from 'node:stream';
import express from 'express';
import fastify from 'fastify';
import { bytes, close, digest, listen, sha } from '../kit/tools.mjs';

export const packages = ['fastify', 'express'];

async function ask(agent, port, path, { method = 'GET', body, headers } = {}) {
  const request = http.request({ host: '127.0.0.1', port, path, method, agent, headers });
  request.end(body);
  const [response] = await once(request, 'response');
  return { status: response.statusCode, ...(await digest(response)) };
}

async function talk(lib, port) {
  const agent = new lib.HttpAgent({ keepAlive: true, maxSockets: 4 });
  const json = { 'content-type': 'application/json' };
  const post = { method: 'POST', headers: json, body: JSON.stringify({ name: 'x'.repeat(9000) }) };
  const jobs = Array.from({ length: 100 }, (_, i) => ask(agent, port, `/item/${i}`));
  const results = await Promise.all(jobs);
  results.push(await ask(agent, port, '/echo', post));
  results.push(await ask(agent, port, '/stream'));
  results.push(await ask(agent, port, '/missing').then(({ status }) => status));
  results.push(await ask(agent, port, '/ip'));
  agent.destroy();
  return sha(JSON.stringify(results)) && results;
}

export const scenarios = {
  async 'fastify: routes, JSON, streams, close()'({ lib }) {
    const app = fastify({
      serverFactory: (handler) => lib.createHttpServer(handler),
      forceCloseConnections: true,
    });
    app.get('/item/:id', async (request) => ({ id: request.params.id }));
    app.post('/echo', async (request) => request.body);
    app.get('/stream', (_, reply) =>
      reply.send(Readable.from([bytes(1 << 20), bytes(1 << 20, 2)])),
    );
    app.get('/ip', async (request) => request.ip);
    let closing = 0;
    app.addHook('onClose', async () => closing++);
    await app.listen({ port: 0, host: '127.0.0.1' });
    const results = await talk(lib, app.server.address().port);
    await app.close();
    return { results, closing };
  },

  async 'express: routes, JSON, streams, close()'({ lib }) {
    const app = express();
    app.get('/item/:id', (request, response) => response.json({ id: request.params.id }));
    app.post('/echo', express.json(), (request, response) => response.json(request.body));
    app.get('/stream', (_, response) => Readable.from([bytes(1 << 20)]).pipe(response));
    app.get('/ip', (request, response) => response.send(request.ip));
    const server = lib.createHttpServer(app);
    const port = await listen(server);
    const results = await talk(lib, port);
    await close(server);
    return results;
  },
};
