/** A server that is out of descriptors. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { readAll } from '../../kit/pairs.js';
import { peer } from '../../kit/peer.js';
import { compiled, limited, Program } from '../../kit/program.js';
import { row } from '../../kit/row.js';
import { script } from '../../kit/scripts.js';
import { test } from '../../kit/test.js';
import { need } from '../../kit/tools.js';
import { delay } from '../../kit/wait.js';

/** Seconds of processor time that a process has used; the kernel counts hundredths. */
function processorSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

function limitDescriptors(pid: number, limit: number): void {
  need('prlimit');
  execFileSync('prlimit', ['--pid', String(pid), `--nofile=${limit}:`]);
}

// joyent/libuv#690
row('out of descriptors the server waits without spinning, and goes on after', async (s) => {
  const child = script(
    s,
    s.profile,
    `let n = 0;
    net.createServer(() => console.log('accepted ' + ++n))
      .listen(0, '127.0.0.1', function () { console.log('port ' + this.address().port); });`,
  );
  await child.printed(/port \d+\n/);
  const port = Number(/port (\d+)/.exec(child.output)?.[1]);
  const pid = child.child.pid ?? 0;
  await peer.connect({ port });
  await child.printed(/accepted 1\n/);
  const used = new Set(readdirSync(`/proc/${pid}/fd`).map(Number));
  let free = 0;
  while (used.has(free)) free++;
  limitDescriptors(pid, free + 1);
  for (let i = 0; i < 5; i++) await peer.connect({ port });
  await child.printed(/accepted 2\n/);
  const before = processorSeconds(pid);
  await delay(400);
  assert.ok(processorSeconds(pid) - before < 0.2, 'it spins');
  assert.doesNotMatch(child.output, /accepted 3/);
  limitDescriptors(pid, 200);
  await child.printed(/accepted 6\n/);
});

/** Half of a core for a second would be a spin; looking again now and then is some milliseconds. */
const CPU_MAX_MS = 150;

const WAITING = 5;

test('a server out of descriptors does not spin, and accepts again later', async (scope) => {
  const args = limited(64, [compiled('out-of-descriptors')]);
  const program = new Program('sh', args, { timeoutMs: 15_000 });
  scope.defer(() => program.stop());
  const port = Number((await program.printed(/^\d+\n/)).trim());
  const peers = Array.from({ length: WAITING }, () => connect(port, '127.0.0.1'));
  for (const peer of peers) scope.defer(() => peer.destroy());
  await Promise.all(peers.map((peer) => once(peer, 'connect')));
  const echoes = peers.map((peer) => readAll(peer));
  for (const [i, peer] of peers.entries()) peer.end(`peer ${i}`);
  program.send('measure\n');
  await program.printed(/\}\n/);
  const result = JSON.parse(program.stdout.split('\n')[1] ?? '') as Record<string, unknown>;
  assert.equal(result['connections'], 0, 'there was no descriptor for any');
  assert.deepEqual(result['errors'], []);
  assert.ok((result['cpuMs'] as number) < CPU_MAX_MS, `${result['cpuMs']} ms of CPU in a second`);
  program.send('free\n');
  const texts = (await Promise.all(echoes)).map(String);
  assert.deepEqual(texts, ['peer 0', 'peer 1', 'peer 2', 'peer 3', 'peer 4']);
});
