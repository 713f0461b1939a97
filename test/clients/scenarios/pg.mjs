import { once } from 'node:events';
import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import pg from 'pg';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import Cursor from 'pg-cursor';
import { about, bytes, sha } from '../kit/tools.mjs';

export const packages = ['pg', 'pg-copy-streams', 'pg-cursor'];
export const server = 'postgresql';

async function connect({ server: { port, user, database } }, options = {}) {
  const client = new pg.Client({ host: '127.0.0.1', port, user, database, ...options });
  client.on('error', () => {});
  await client.connect();
  return client;
}

async function copy(client) {
  await client.query('CREATE TEMP TABLE t (id int, body text)');
  const lines = function* () {
    for (let i = 0; i < 100_000; i++) yield `${i}\tbody of the row ${i}\n`;
  };
  await pipeline(Readable.from(lines()), client.query(copyFrom('COPY t FROM STDIN')));
  const chunks = [];
  const sink = new Writable({
    write(chunk, _, done) {
      chunks.push(chunk);
      setImmediate(done);
    },
  });
  await pipeline(client.query(copyTo('COPY t TO STDOUT')), sink);
  const { rows } = await client.query('SELECT count(*)::int AS n, sum(id) AS s FROM t');
  return { out: sha(...chunks), rows };
}

async function rows(client) {
  const query = 'SELECT i, repeat(md5(i::text), 10) AS t FROM generate_series(1, 50000) AS i';
  const cursor = client.query(new Cursor(query));
  let count = 0;
  let digest = '';
  for (;;) {
    const some = await cursor.read(777);
    if (some.length === 0) break;
    count += some.length;
    digest = sha(digest, JSON.stringify(some));
  }
  await cursor.close();
  return { count, digest };
}

async function both(client) {
  const result = { copy: await copy(client), rows: await rows(client) };
  const big = bytes(16 << 20);
  const { rows: answer } = await client.query('SELECT $1::bytea AS big', [big]);
  result.big = sha(answer[0].big) === sha(big);
  await client.end();
  return result;
}

export const scenarios = {
  'COPY of 100,000 rows in and out, rows by cursor, 16 MiB values': async (context) =>
    both(await connect(context)),

  'the same over a UNIX path': async (context) =>
    both(await connect(context, { host: context.server.folder })),

  'the same over TLS': async (context) => {
    const { ca } = context.server;
    const client = await connect(context, { ssl: { ca, servername: 'localhost' } });
    const { rows: used } = await client.query(
      'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()',
    );
    return { used, ...(await both(client)) };
  },

  async 'a pool, transactions, LISTEN and NOTIFY, errors'(context) {
    const { port, user, database } = context.server;
    const pool = new pg.Pool({ host: '127.0.0.1', port, user, database, max: 8 });
    const jobs = Array.from({ length: 400 }, (_, i) => pool.query('SELECT $1::int * 2 AS x', [i]));
    const sum = (await Promise.all(jobs)).reduce((all, { rows: [{ x }] }) => all + x, 0);
    const listener = await connect(context);
    await listener.query('LISTEN news');
    const heard = once(listener, 'notification');
    await pool.query("SELECT pg_notify('news', 'hello')");
    const [{ payload }] = await heard;
    const wrong = await pool.query('SELECT nothing').catch(({ code }) => code);
    await listener.end();
    await pool.end();
    return { sum, payload, wrong };
  },

  async 'the server is killed in a query; a new connection works'(context) {
    const client = await connect(context);
    const failing = client.query('SELECT pg_sleep(60)').catch((error) => error instanceof Error);
    await context.restart();
    const failed = await failing;
    const again = await connect(context);
    const { rows: answer } = await again.query('SELECT 1 AS one');
    await again.end();
    return { failed, answer };
  },

  async 'nobody there, and a time-out'(context) {
    const refused = await connect({ server: { ...context.server, port: 1 } }).catch(about);
    const client = await connect(context, { query_timeout: 100 });
    const late = await client.query('SELECT pg_sleep(1)').catch(({ message }) => message);
    await client.end();
    return { refused, late };
  },
};
