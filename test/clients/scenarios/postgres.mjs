import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import postgres from 'postgres';
import { bytes, eventually, sha } from '../kit/tools.mjs';

export const packages = ['postgres'];
export const server = 'postgresql';

function connect({ server: { port, user, database } }, options = {}) {
  const quiet = { onnotice: () => {}, backoff: () => 0.1 };
  return postgres({ host: '127.0.0.1', port, user, database, ...quiet, ...options });
}

/**
 * On a connection of its own: the package leaves the socket paused where the last bytes filled its
 * stream, so that a later query hangs, on the built-in as well.
 */
async function copyOut(sql) {
  let out = 0;
  for await (const chunk of await sql`COPY p TO STDOUT`.readable()) out += chunk.length;
  await sql.end({ timeout: 0 });
  return out;
}

async function work(context, options) {
  const sql = connect(context, options);
  const again = connect(context, { ...options, max: 1 });

  await sql`DROP TABLE IF EXISTS p`;
  await sql`CREATE TABLE p (id int, body text)`;
  const lines = function* () {
    for (let i = 0; i < 50_000; i++) yield `${i}\tbody of the row ${i}\n`;
  };
  await pipeline(Readable.from(lines()), await sql`COPY p FROM STDIN`.writable());
  const out = await copyOut(again);
  let seen = '';
  await sql`SELECT * FROM p ORDER BY id`.cursor(1000, (rows) => {
    seen = sha(seen, JSON.stringify(rows));
  });
  const big = bytes(8 << 20);
  const [{ back }] = await sql`SELECT ${big}::bytea AS back`;
  const jobs = Array.from({ length: 300 }, (_, i) => sql`SELECT ${i}::int AS x`);
  const sum = (await Promise.all(jobs)).reduce((all, [{ x }]) => all + x, 0);
  await sql.end();
  return { out, seen, big: sha(back) === sha(big), sum };
}

export const scenarios = {
  'COPY as streams, cursors, 8 MiB values, a pool': (context) => work(context),

  'the same over a UNIX path': (context) =>
    work(context, { path: `${context.server.folder}/.s.PGSQL.${context.server.port}` }),

  'the same over TLS': (context) =>
    work(context, { ssl: { ca: context.server.ca, servername: 'localhost' } }),

  async 'LISTEN, a transaction that fails'(context) {
    const sql = connect(context);
    let heard;
    const notified = new Promise((resolve) => {
      heard = resolve;
    });
    const { unlisten } = await sql.listen('news', heard);
    await sql.notify('news', 'hello');
    const payload = await notified;
    await unlisten();
    const failed = await sql
      .begin(async (transaction) => {
        await transaction`SELECT 1 / 0`;
      })
      .catch(({ code }) => code);
    await sql.end();
    return { payload, failed };
  },

  async 'the server is killed in a query; the next one connects again'(context) {
    const sql = connect(context, { max: 1 });
    await sql`SELECT 1`;
    const failing = sql`SELECT pg_sleep(60)`.catch((error) => error instanceof Error);
    await context.restart();
    const failed = await failing;
    const [{ one }] = await eventually(() => sql`SELECT 1 AS one`);
    await sql.end();
    return { failed, one };
  },
};
