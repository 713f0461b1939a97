import { once } from 'node:events';
import { Readable } from 'node:stream';
import mysql from 'mysql2';
import { bytes, sha } from '../kit/tools.mjs';

export const packages = ['mysql2'];
export const server = 'mariadb';

function connect({ server: { port, user } }, options = {}) {
  const to = { host: '127.0.0.1', port, user, ...options };
  const connection = mysql.createConnection(to);
  connection.on('error', () => {});
  return connection;
}

async function work(connection) {
  const db = connection.promise();
  await db.query('CREATE DATABASE IF NOT EXISTS bw');
  await db.query('CREATE TEMPORARY TABLE bw.t (id int, body varchar(100), big longblob)');
  const lines = function* () {
    for (let i = 0; i < 50_000; i++) yield Buffer.from(`${i}\tbody ${i}\n`);
  };
  await db.query({
    sql: "LOAD DATA LOCAL INFILE 'rows' INTO TABLE bw.t (id, body)",
    infileStreamFactory: () => Readable.from(lines()),
  });
  let seen = '';
  let count = 0;
  const rows = connection.query('SELECT id, body FROM bw.t ORDER BY id').stream();
  for await (const row of rows) {
    count++;
    if (count % 500 === 0) seen = sha(seen, JSON.stringify(row));
  }
  const big = bytes(10 << 20);
  await db.execute('INSERT INTO bw.t VALUES (?, ?, ?)', [-1, 'big', big]);
  const [[{ big: back }]] = await db.execute('SELECT big FROM bw.t WHERE id = ?', [-1]);
  const wrong = await db.query('SELECT nothing').catch(({ code }) => code);
  await db.end();
  return { count, seen, big: sha(back) === sha(big), wrong };
}

export const scenarios = {
  'LOAD DATA from a stream, rows as a stream, 10 MiB values': (context) => work(connect(context)),

  'the same over a UNIX path': (context) =>
    work(connect(context, { socketPath: context.server.socket })),

  'the same over TLS': (context) => {
    const ssl = { ca: context.server.ca, rejectUnauthorized: true, verifyIdentity: false };
    return work(connect(context, { ssl }));
  },

  'the same, compressed': (context) => work(connect(context, { compress: true })),

  async 'a pool; the server is killed and comes back'(context) {
    const { port, user } = context.server;
    const pool = mysql.createPool({ host: '127.0.0.1', port, user, connectionLimit: 5 });
    const ask = (i) => pool.promise().query('SELECT ? AS x', [i]);
    const before = await Promise.all(Array.from({ length: 100 }, (_, i) => ask(i)));
    const failing = pool
      .promise()
      .query('SELECT SLEEP(60)')
      // The kernel resets a killed server's connection where bytes were unread, else it ends it.
      .catch(({ code }) => ['ECONNRESET', 'PROTOCOL_CONNECTION_LOST'].includes(code) || code);
    await context.restart();
    const failed = await failing;
    const [[{ x }]] = await ask(7);
    await pool.promise().end();
    return { before: before.length, failed, x };
  },

  async 'nobody there'(context) {
    const connection = connect({ server: { ...context.server, port: 1 } });
    const [error] = await once(connection, 'error');
    connection.destroy();
    return { code: error.code, syscall: error.syscall, fatal: error.fatal };
  },
};
