import { once } from 'node:events';
import { Redis } from 'ioredis';
import { about, bytes, event, sha } from '../kit/tools.mjs';

export const packages = ['ioredis'];
export const server = 'redis';

async function work(redis) {
  await redis.flushall();
  const pipeline = redis.pipeline();
  for (let i = 0; i < 5000; i++) pipeline.set(`k${i}`, `value ${i}`);
  const set = await pipeline.exec();
  const stream = redis.scanStream({ count: 300 });
  let keys = 0;
  for await (const some of stream) keys += some.length;
  const big = bytes(8 << 20);
  await redis.set('big', big);
  const back = await redis.getBuffer('big');
  const script = "return redis.call('incrby', KEYS[1], ARGV[1])";
  const sum = await redis.eval(script, 1, 'n', '5');
  return { set: set.length, keys, big: sha(back) === sha(big), sum };
}

async function quit(redis) {
  const ended = once(redis, 'end');
  const answer = await redis.quit();
  await ended;
  return answer;
}

// The package calls tls.connect itself, which is Node's core.
export const core = ['the same over TLS'];

export const scenarios = {
  async 'pipelines, SCAN as a stream, 8 MiB values, a script'({ server: { port } }) {
    const redis = new Redis({ port, host: '127.0.0.1' });
    const result = await work(redis);
    return { ...result, quit: await quit(redis) };
  },

  async 'the same over a UNIX path'({ server: { socket } }) {
    const redis = new Redis(socket);
    const result = await work(redis);
    return { ...result, quit: await quit(redis) };
  },

  async 'the same over TLS'({ server: { tlsPort, ca } }) {
    const redis = new Redis({ port: tlsPort, host: 'localhost', tls: { ca } });
    const result = await work(redis);
    return { ...result, quit: await quit(redis) };
  },

  async 'publish and subscribe, and a subscriber that falls behind'({ server: { port } }) {
    const subscriber = new Redis({ port, host: '127.0.0.1' });
    const redis = new Redis({ port, host: '127.0.0.1' });
    await subscriber.subscribe('news');
    const got = [];
    const all = new Promise((resolve) => {
      subscriber.on('message', (_, message) => {
        got.push(message);
        if (got.length === 2000) resolve();
      });
    });
    for (let i = 0; i < 2000; i++) {
      redis.publish('news', `${i} ${'x'.repeat(5000)}`);
      if (i === 1000) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
    }
    await all;
    await quit(subscriber);
    await quit(redis);
    return sha(got.join());
  },

  async 'the server is killed and comes back'(context) {
    const { port } = context.server;
    const redis = new Redis({
      port,
      host: '127.0.0.1',
      retryStrategy: () => 100,
      maxRetriesPerRequest: null,
    });
    redis.on('error', () => {});
    await redis.set('a', '1');
    const events = [];
    for (const name of ['close', 'reconnecting', 'ready']) redis.on(name, () => events.push(name));
    const reconnecting = event(redis, 'reconnecting');
    await context.kill();
    await reconnecting;
    const waiting = redis.set('a', '2');
    await context.start();
    const set = await waiting;
    const got = await redis.get('a');
    const first = events.slice(0, 2);
    return { set, got, first, ready: events.includes('ready'), quit: await quit(redis) };
  },

  async 'nobody there'() {
    const redis = new Redis({ port: 1, host: '127.0.0.1', lazyConnect: true, retryStrategy: null });
    redis.on('error', () => {});
    return redis.connect().catch(about);
  },
};
