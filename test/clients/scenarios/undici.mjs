import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { about, bytes, close, digest, listen, sha } from '../kit/tools.mjs';

export const packages = ['undici'];

/** The lowest line of Node that this version runs on. */
export const node = 22;

// Who only asks for the plan may run on an older one, where the package can not be loaded.
const canLoad = Number.parseInt(process.versions.node, 10) >= node;
const { Agent, Client, fetch, Pool, request } = canLoad ? await import('undici') : {};

async function serve({ lib, certificate }, listener, secure = false) {
  const { key, cert } = certificate;
  const server = secure
    ? lib.createHttpsServer({ key, cert }, listener)
    : lib.createHttpServer(listener);
  const port = await listen(server);
  return { server, origin: `${secure ? 'https' : 'http'}://127.0.0.1:${port}` };
}

const echo = (incoming, response) => incoming.pipe(response);

export const scenarios = {
  async 'requests on a pool, upload and download of 8 MiB'(context) {
    const { server, origin } = await serve(context, echo);
    const pool = new Pool(origin, { connections: 4 });
    const body = bytes(8 << 20);
    const results = await Promise.all(
      Array.from({ length: 4 }, async (_, i) => {
        const { statusCode, body: answer } = await pool.request({
          path: `/${i}`,
          method: 'POST',
          body,
        });
        return { statusCode, ...(await digest(answer)) };
      }),
    );
    await pool.close();
    await close(server);
    return results;
  },

  async pipelining(context) {
    let at = 0;
    const { server, origin } = await serve(context, (_, response) => response.end(String(at++)));
    const client = new Client(origin, { pipelining: 10 });
    const answers = await Promise.all(
      Array.from({ length: 200 }, async (_, i) => {
        const { body } = await client.request({ path: `/${i}`, method: 'GET' });
        return body.text();
      }),
    );
    await client.close();
    await close(server);
    return answers.join();
  },

  async 'fetch over TLS, a streamed body'(context) {
    const { server, origin } = await serve(context, echo, true);
    const connect = { ca: context.certificate.cert, servername: 'localhost' };
    const dispatcher = new Agent({ connect });
    const chunks = Array.from({ length: 64 }, (_, i) => bytes(10_000, i));
    const body = Readable.toWeb(Readable.from(chunks));
    const options = { method: 'POST', body, duplex: 'half', dispatcher };
    const response = await fetch(origin, options);
    const answer = Buffer.from(await response.arrayBuffer());
    await dispatcher.close();
    await close(server);
    return { status: response.status, same: sha(answer) === sha(...chunks), length: answer.length };
  },

  async 'a slow reader, an aborted request, a server that resets'(context) {
    const { server, origin } = await serve(context, (incoming, response) => {
      if (incoming.url === '/reset') incoming.socket.destroy();
      else if (incoming.url === '/never') response.write('begin');
      else response.end(bytes(4 << 20));
    });
    const client = new Client(origin);
    const { body } = await client.request({ path: '/', method: 'GET' });
    let length = 0;
    for await (const chunk of body) {
      length += chunk.length;
      if (length % 7 === 0) await sleep(1);
    }
    const abort = new AbortController();
    const never = await request(`${origin}/never`, { signal: abort.signal });
    const failing = never.body.text().catch(about);
    abort.abort();
    const aborted = await failing;
    const reset = await request(`${origin}/reset`).catch((error) => ({
      failed: error instanceof Error,
    }));
    await client.close();
    server.closeAllConnections();
    await close(server);
    return { length, aborted, reset: reset.failed };
  },

  async 'connect errors and time-outs'() {
    const refused = await request('http://127.0.0.1:1/').catch(about);
    const client = new Client('http://localhost:1', { autoSelectFamily: true });
    const both = await client.request({ path: '/', method: 'GET' }).catch((error) => error.code);
    await client.destroy();
    return { refused, both };
  },
};
