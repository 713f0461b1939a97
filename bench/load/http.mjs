// Closed loop as in pingpong.mjs, with HTTP/1.1 requests on kept connections. Replies are counted
// by their bytes: all are as long as the first, which is read whole and looked at.
import { once } from 'node:events';
import { connect } from 'node:net';
import { PingPong } from './pingpong.mjs';
import { SecurePingPong, secureDial } from './tls.mjs';

/** What browsers and proxies send at the least. */
const REQUEST =
  'GET /hello HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n';
const OK = /^HTTP\/1\.1 200 OK\r\n.*\r\n\r\nhello$/s;

/** The reply to one request, as text. */
async function askOnce(socket) {
  socket.setEncoding('latin1').write(REQUEST);
  let reply = '';
  while (!OK.test(reply)) {
    const [text] = await once(socket, 'data');
    reply += text;
  }
  socket.destroy();
  return reply;
}

/** A job of `Kind` whose messages are requests, answered as the first one on `socket` is. */
async function jobOf(Kind, config, socket) {
  const depth = config.depth ?? 1;
  const reply = await askOnce(socket);
  const job = new Kind({ ...config, size: 0, reply: reply.length });
  job.message = Buffer.from(REQUEST.repeat(depth));
  return job;
}

export function httpJob(config) {
  const { port, host, path } = config.target;
  return jobOf(PingPong, config, connect(path === undefined ? { port, host } : { path }));
}

export function httpsJob(config) {
  return jobOf(SecurePingPong, config, secureDial(config.target));
}
