import { Readable, Writable } from 'node:stream';
import { Client } from 'basic-ftp';
import { bytes, sha } from '../kit/tools.mjs';

export const packages = ['basic-ftp'];
export const server = 'vsftpd';

async function work({ server: { port, ca } }, secure) {
  const client = new Client(10_000);
  const secureOptions = { ca, servername: 'localhost' };
  await client.access({ host: '127.0.0.1', port, secure, secureOptions });
  await client.ensureDir('up/deep/er');
  await client.clearWorkingDir();
  const files = Array.from({ length: 10 }, (_, i) => bytes((i + 1) * 300_000, i));
  for (const [i, file] of files.entries()) await client.uploadFrom(Readable.from([file]), `f${i}`);
  const listed = await client.list();
  const got = [];
  for (const i of files.keys()) {
    const chunks = [];
    const sink = new Writable({
      write(chunk, _, done) {
        chunks.push(chunk);
        setImmediate(done);
      },
    });
    await client.downloadTo(sink, `f${i}`);
    got.push(sha(...chunks) === sha(files[i]));
  }
  await client.rename('f1', 'g1');
  const missing = await client.size('f1').catch(({ code }) => code);
  client.close();
  return { sizes: listed.map(({ name, size }) => `${name} ${size}`).sort(), got, missing };
}

export const scenarios = {
  'uploads, listings and downloads': (context) => work(context, false),
  'the same over TLS': (context) => work(context, true),

  async 'the server is killed; a new connection works'(context) {
    const client = new Client(10_000);
    await client.access({ host: '127.0.0.1', port: context.server.port });
    await context.restart();
    const failed = await client.list().catch((error) => error instanceof Error);
    await client.access({ host: '127.0.0.1', port: context.server.port });
    const where = await client.pwd();
    client.close();
    return { failed: failed === true, where };
  },
};
