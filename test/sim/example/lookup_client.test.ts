/** The worked example of docs/SIMULATION.md, as it stands there. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Simulation, simulate } from 'barewire/testing';
import { LookupClient } from './lookup_client.js';

const OPTIONS = {
  hosts: ['client', 'server'],
  // A slow line: an answer comes in pieces, and a reset may come between two of them.
  link: { latencyMs: 20, jitterMs: 30, bytesPerMs: 2 },
};

const answerTo = (key: string): string => `the value of ${key}, ${'and so on '.repeat(8)}`;

async function lookThingsUp({ hosts, world, clock }: Simulation, fixed: boolean): Promise<void> {
  const server = hosts['server']?.net.createServer((socket) => {
    let received = '';
    socket.setEncoding('utf8');
    socket.on('error', () => {});
    socket.on('data', (text: string) => {
      const lines = (received + text).split('\n');
      received = lines.pop() ?? '';
      for (const line of lines) socket.write(`${answerTo(line.slice(4))}\n`);
    });
  });
  const net = hosts['client']?.net;
  assert(server && net);
  server.listen(7000);
  const client = new LookupClient(net, { host: 'server', port: 7000 }, fixed);
  const breaking = setInterval(() => {
    if (Math.random() < 0.2) world.reset('client', 'server');
  }, 50);
  for (let i = 0; i < 30; i++) {
    assert.equal(await client.get(`key ${i}`), answerTo(`key ${i}`));
    await clock.sleep(100 * Math.random());
  }
  clearInterval(breaking);
  client.close();
  server.close();
}

/** The first seed with which the client fails, and how; null where there is none. */
async function hunt(fixed: boolean, seeds: number): Promise<{ seed: number; error: Error } | null> {
  for (let seed = 1; seed <= seeds; seed++) {
    try {
      await simulate({ ...OPTIONS, seed }, (simulation) => lookThingsUp(simulation, fixed));
    } catch (error) {
      assert(error instanceof Error);
      return { seed, error };
    }
  }
  return null;
}

test('a seed finds the bug of the sample client, and finds it again', async () => {
  const found = await hunt(false, 100);
  assert(found !== null, 'the bug was not found');
  assert.match(found.error.message, /the value of/);
  const { seed } = found;
  const again = simulate({ ...OPTIONS, seed }, (simulation) => lookThingsUp(simulation, false));
  await assert.rejects(again, { message: found.error.message });
});

test('the fixed client stands 50 seeds', async () => {
  assert.equal(await hunt(true, 50), null);
});
