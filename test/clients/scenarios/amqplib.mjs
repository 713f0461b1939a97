import { once } from 'node:events';
import amqp from 'amqplib';
import { bytes, event, sha } from '../kit/tools.mjs';

export const packages = ['amqplib'];
export const server = 'rabbitmq';

const RABBIT_START_MS = 30_000;

async function connect({ server: { port } }) {
  const connection = await amqp.connect(`amqp://guest:guest@127.0.0.1:${port}`);
  connection.on('error', () => {});
  return connection;
}

/** After the port answers RabbitMQ is still about to be ready. */
async function connectWhenReady(context) {
  const deadline = Date.now() + RABBIT_START_MS;
  for (;;) {
    try {
      return await connect(context);
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}

async function consume(channel, queue, count) {
  const got = [];
  let acknowledged = 0;
  let done;
  const all = new Promise((resolve) => {
    done = resolve;
  });
  await channel.prefetch(20);
  await channel.consume(queue, (message) => {
    got.push(sha(message.content));
    setImmediate(() => {
      channel.ack(message);
      acknowledged++;
      if (acknowledged === count) done();
    });
  });
  await all;
  return sha(got.join());
}

export const scenarios = {
  async '1,000 messages with confirmation and prefetch'(context) {
    const connection = await connectWhenReady(context);
    const channel = await connection.createConfirmChannel();
    const { queue } = await channel.assertQueue('', { exclusive: true });
    for (let i = 0; i < 1000; i++) {
      if (!channel.sendToQueue(queue, bytes((i * 131) % 20_000, i))) await once(channel, 'drain');
    }
    await channel.waitForConfirms();
    const reader = await connection.createChannel();
    const got = await consume(reader, queue, 1000);
    await connection.close();
    return got;
  },

  async 'messages of 8 MiB through an exchange'(context) {
    const connection = await connectWhenReady(context);
    const channel = await connection.createChannel();
    const { queue } = await channel.assertQueue('', { exclusive: true });
    await channel.assertExchange('bw', 'fanout', { durable: false });
    await channel.bindQueue(queue, 'bw', '');
    for (let i = 0; i < 4; i++) channel.publish('bw', '', bytes(8 << 20, i));
    const got = await consume(channel, queue, 4);
    await connection.close();
    return got;
  },

  async 'an error closes the channel, not the connection'(context) {
    const connection = await connectWhenReady(context);
    const channel = await connection.createChannel();
    channel.on('error', () => {});
    const failed = await channel.checkQueue('no such queue').catch(({ code }) => code);
    const second = await connection.createChannel();
    const { messageCount } = await second.assertQueue('', { exclusive: true });
    await connection.close();
    return { failed, messageCount };
  },

  async 'the server is killed and comes back'(context) {
    const connection = await connectWhenReady(context);
    const closed = event(connection, 'close');
    await context.restart();
    await closed;
    const again = await connectWhenReady(context);
    const channel = await again.createChannel();
    const { queue } = await channel.assertQueue('', { exclusive: true });
    channel.sendToQueue(queue, Buffer.from('hello'));
    const got = await consume(channel, queue, 1);
    await again.close();
    return got;
  },
};
