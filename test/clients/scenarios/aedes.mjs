import { once } from 'node:events';
import net from 'node:net';
import tls from 'node:tls';
import { Aedes } from 'aedes';
import { publish, reconnect } from '../kit/mqtt.mjs';
import { close, listen } from '../kit/tools.mjs';

export const packages = ['aedes', 'mqtt'];

async function broker({ certificate }, port = 0) {
  const aedes = await Aedes.createBroker();
  const server = net.createServer(aedes.handle);
  const listening = await listen(server, { port });
  const { key, cert } = certificate;
  const secure = tls.createServer({ key, cert }, aedes.handle);
  const tlsPort = await listen(secure);
  const stop = async () => {
    await new Promise((resolve) => aedes.close(resolve));
    await Promise.all([close(server), close(secure)]);
  };
  return { port: listening, tlsPort, ca: cert, stop };
}

async function withBroker(context, body) {
  const server = await broker(context);
  const result = await body(server);
  await server.stop();
  return result;
}

export const scenarios = {
  'publish and subscribe, QoS 0': (context) => withBroker(context, (to) => publish(to, 0)),
  'publish and subscribe, QoS 2': (context) => withBroker(context, (to) => publish(to, 2)),

  async 'reconnect after the broker went'(context) {
    let server = await broker(context);
    const { port } = server;
    const result = await reconnect(
      server,
      () => server.stop(),
      async () => {
        server = await broker(context, port);
      },
    );
    await server.stop();
    return result;
  },

  async 'a client that speaks nonsense is cut off'(context) {
    const server = await broker(context);
    const socket = net.connect(server.port, '127.0.0.1');
    socket.on('error', () => {});
    socket.resume();
    socket.write(Buffer.alloc(100, 0xff));
    await once(socket, 'close');
    await server.stop();
    return 'closed';
  },
};
