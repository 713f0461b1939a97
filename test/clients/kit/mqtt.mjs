// What an MQTT client does, whatever the broker is.
import { once } from 'node:events';
import mqtt from 'mqtt';
import { bytes, sha } from './tools.mjs';

export function connect(server, options = {}) {
  const { port, tlsPort, ca } = server;
  const common = { reconnectPeriod: 200, connectTimeout: 5000, clean: true, ...options };
  if (options.secure) {
    return mqtt.connectAsync({
      protocol: 'mqtts',
      host: 'localhost',
      port: tlsPort,
      ca,
      ...common,
    });
  }
  return mqtt.connectAsync({ protocol: 'mqtt', host: '127.0.0.1', port, ...common });
}

/** Publishes many messages of all sizes to a subscriber. */
export async function publish(server, qos, secure = false) {
  const subscriber = await connect(server, { secure });
  const publisher = await connect(server, { secure });
  await subscriber.subscribeAsync('numbers/#', { qos });
  const got = [];
  const all = new Promise((resolve) => {
    subscriber.on('message', (topic, payload) => {
      got.push(`${topic} ${payload.length} ${sha(payload)}`);
      if (got.length === 300) resolve();
    });
  });
  for (let i = 0; i < 300; i++) {
    await publisher.publishAsync(`numbers/${i}`, bytes((i * 401) % 60_000, i), { qos });
  }
  await all;
  await publisher.endAsync();
  await subscriber.endAsync();
  return sha(got.sort().join());
}

/** The broker is killed and comes back: the client goes on by itself. */
export async function reconnect(server, kill, start) {
  const client = await connect(server);
  client.on('error', () => {});
  await client.subscribeAsync('again', { qos: 1 });
  const events = [];
  client.on('offline', () => events.push('offline'));
  const closed = once(client, 'close');
  await kill();
  await closed;
  await start();
  const back = client.connected ? null : once(client, 'connect');
  await back;
  await client.subscribeAsync('again', { qos: 1 });
  const message = once(client, 'message');
  await client.publishAsync('again', 'hello', { qos: 1 });
  const [topic, payload] = await message;
  await client.endAsync();
  return { topic, payload: String(payload), offline: events.includes('offline') };
}
