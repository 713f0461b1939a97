import { createClient } from 'redis';
import { about, bytes, event, sha } from '../kit/tools.mjs';

export const packages = ['redis'];
export const server = 'redis';

async function connect({ server: { port } }, options = {}) {
  const client = createClient({ socket: { host: '127.0.0.1', port, ...options.socket } });
  client.on('error', () => {});
  await client.connect();
  return client;
}

async function work(client) {
  await client.flushAll();
  const jobs = Array.from({ length: 5000 }, (_, i) => client.set(`k${i}`, `value ${i}`));
  const set = await Promise.all(jobs);
  const got = await client.mGet(Array.from({ length: 5000 }, (_, i) => `k${i}`));
  const big = bytes(8 << 20).toString('base64');
  await client.set('big', big);
  const back = await client.get('big');
  const multi = await client.multi().incr('n').incr('n').get('n').exec();
  const keys = [];
  for await (const some of client.scanIterator({ COUNT: 500 })) keys.push(...some);
  return { set: set.length, got: sha(got.join()), big: back === big, multi, keys: keys.length };
}

// The package calls tls.connect itself, which is Node's core.
export const core = ['the same over TLS'];

export const scenarios = {
  async '5,000 keys in a pipeline, 8 MiB values, MULTI, SCAN'(context) {
    const client = await connect(context);
    const result = await work(client);
    await client.close();
    return result;
  },

  async 'the same over a UNIX path'(context) {
    const client = await connect(context, { socket: { path: context.server.socket } });
    const result = await work(client);
    await client.close();
    return result;
  },

  async 'the same over TLS'(context) {
    const { tlsPort, ca } = context.server;
    const secure = { tls: true, port: tlsPort, ca, servername: 'localhost' };
    const client = await connect(context, { socket: secure });
    const result = await work(client);
    await client.close();
    return result;
  },

  async 'publish and subscribe'(context) {
    const client = await connect(context);
    const subscriber = client.duplicate();
    await subscriber.connect();
    const got = [];
    let all;
    const done = new Promise((resolve) => {
      all = resolve;
    });
    await subscriber.pSubscribe('news.*', (message, channel) => {
      got.push(`${channel}=${sha(message)}`);
      if (got.length === 1000) all();
    });
    for (let i = 0; i < 1000; i++) client.publish(`news.${i}`, 'x'.repeat(i * 20));
    await done;
    await subscriber.close();
    await client.close();
    return sha(got.join());
  },

  async 'the server is killed and comes back'(context) {
    const client = await connect(context, { socket: { reconnectStrategy: 100 } });
    await client.set('a', '1');
    const blocked = client.blPop('nothing', 0).catch(about);
    const again = event(client, 'ready');
    await context.restart();
    const failed = await blocked;
    await again;
    const set = await client.set('a', '2');
    const got = await client.get('a');
    await client.close();
    return { failed: failed.name, set, got };
  },
};
