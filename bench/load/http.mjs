// Closed loop as in pingpong.mjs, with HTTP/1.1 requests on kept connections. Replies are counted
// by their bytes: all are as long as the first, which is read whole and looked at.
import { once } from 'node:events';
import { connect } from 'node:net';
import { PingPong } from './pingpong.mjs';

/** What browsers and proxies send at the least. */
const REQUEST =
  'GET /hello HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n';
const OK = /^HTTP\/1\.1 200 OK\r\n.*\r\n\r\nhello$/s;

/** The reply to one request, as text. */
async function askOnce({ port, host, path }) {
  const socket = connect(path === undefined ? { port, host } : { path });
  socket.setEncoding('latin1').write(REQUEST);
  let reply = '';
  while (!OK.test(reply)) {
    const [text] = await once(socket, 'data');
    reply += text;
  }
  socket.destroy();
  return reply;
}

/** A job for `PingPong`'s connections whose messages are requests. */
export async function httpJob(config) {
  const depth = config.depth ?? 1;
  const reply = await askOnce(config.target);
  const job = new PingPong({ ...config, size: 0, reply: reply.length });
  job.message = Buffer.from(REQUEST.repeat(depth));
  return job;
}
