import { once } from 'node:events';
import WebSocket, { createWebSocketStream, WebSocketServer } from 'ws';
import { bytes, close, digest, listen, sha } from '../kit/tools.mjs';

export const packages = ['ws'];

async function pair({ lib, certificate }, secure, options = {}) {
  const http = secure
    ? lib.createHttpsServer({ key: certificate.key, cert: certificate.cert })
    : lib.createHttpServer();
  const server = new WebSocketServer({ server: http, ...options });
  const port = await listen(http);
  const accepted = once(server, 'connection');
  const url = `${secure ? 'wss' : 'ws'}://127.0.0.1:${port}/`;
  const client = new WebSocket(url, { ca: certificate.cert, servername: 'localhost', ...options });
  await once(client, 'open');
  const [peer, request] = await accepted;
  const stop = async () => {
    client.terminate();
    server.close();
    await close(http);
  };
  return { client, peer, request, stop };
}

async function messages(context, secure, options) {
  const { client, peer, request, stop } = await pair(context, secure, options);
  peer.on('message', (data, isBinary) => peer.send(data, { binary: isBinary }));
  const got = [];
  client.on('message', (data, isBinary) => got.push([isBinary, data.length, sha(data)]));
  for (let i = 0; i < 300; i++) client.send(i % 2 ? `message ${i}` : bytes(i * 97, i));
  client.send(bytes(5 << 20));
  while (got.length < 301) await once(client, 'message');
  const from = typeof request.socket.remoteAddress;
  client.close(1000, 'done');
  const [code, reason] = await once(peer, 'close');
  await stop();
  return { got: sha(JSON.stringify(got)), code, reason: String(reason), from };
}

export const scenarios = {
  'messages of all sizes, echoed': (context) => messages(context, false),
  'the same, compressed': (context) => messages(context, false, { perMessageDeflate: true }),
  'the same, over TLS': (context) => messages(context, true),

  async 'a stream of 16 MiB with back-pressure'(context) {
    const { client, peer, stop } = await pair(context, false);
    const receiving = digest(createWebSocketStream(peer, { readableHighWaterMark: 4096 }));
    const stream = createWebSocketStream(client);
    for (let i = 0; i < 256; i++) {
      if (!stream.write(bytes(65_536, i))) await once(stream, 'drain');
    }
    stream.end();
    const result = await receiving;
    await stop();
    return result;
  },

  async 'ping, pong, and a peer that is cut off'(context) {
    const { client, peer, stop } = await pair(context, false);
    peer.ping('are you there');
    const [pong] = await once(peer, 'pong');
    const closed = once(client, 'close');
    peer.terminate();
    const [code] = await closed;
    await stop();
    return { pong: String(pong), code };
  },
};
