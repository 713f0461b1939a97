/**
 * Ready-made clients that have done their work and are kept for more: `idle-clients KIND PORT`.
 * The process ends by itself where what is kept does not hold it.
 */
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import https from 'node:https';
import { HttpsAgent, http2Connect, tlsConnect } from 'barewire/interop';

const [kind, port = 0] = process.argv.slice(2);
const to = { host: '127.0.0.1', port: Number(port), rejectUnauthorized: false };

async function askAgent(): Promise<void> {
  const agent = new HttpsAgent({ keepAlive: true });
  const [response] = (await once(https.get({ ...to, agent }), 'response')) as [IncomingMessage];
  response.resume();
  await once(response, 'end');
}

async function askHttp2(scheme: string): Promise<void> {
  const session = http2Connect(`${scheme}://127.0.0.1:${port}`, { rejectUnauthorized: false });
  const stream = session.request({ ':path': '/' });
  stream.resume();
  await once(stream, 'end');
  session.unref();
}

async function dialTls(): Promise<void> {
  const socket = tlsConnect(to);
  await once(socket, 'secureConnect');
  socket.unref();
}

/** Before it is connected. */
async function dialTlsUnref(): Promise<void> {
  tlsConnect(to).unref();
}

const KINDS: Record<string, () => Promise<void>> = {
  https: askAgent,
  http2: () => askHttp2('http'),
  'http2 secure': () => askHttp2('https'),
  tls: dialTls,
  'tls at once': dialTlsUnref,
};

KINDS[kind ?? '']?.().then(() => console.log('done'));
