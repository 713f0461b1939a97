/** On the way out, out of descriptors, numbers used again, and messages that are not only bytes. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { Socket } from 'barewire';
import { Pollable } from '#internal/reactor/pollable';
import { systemHost } from '#internal/transport/host';
import { turns, until } from '../contract/kit/wait.js';
import { readAll } from '../support/pairs.js';
import { compiled, limited, Program, runNode } from '../support/program.js';
import { type Scope, test } from '../support/test.js';

const LAST_WORDS = [
  'just before process.exit()',
  "in an 'exit' handler",
  "before and in an 'exit' handler",
  'before an exception that nobody catches',
];

for (const how of LAST_WORDS) {
  test(`what is written ${how} arrives`, async (scope) => {
    const server = createServer();
    scope.defer(() => server.close());
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    const ended = runNode('last-words', [how, String(port)], { timeoutMs: 10_000 });
    const [socket] = (await once(server, 'connection')) as [ReturnType<typeof connect>];
    const text = String(await readAll(socket));
    assert.equal(text, `one ${'x'.repeat(5000)} last`);
    const { code } = await ended;
    assert.equal(code, how.includes('exception') ? 1 : 0);
  });
}

for (const [how, expected] of [
  ['a crash', 1],
  ['an exit', 3],
  ['an exit in a callback', 3],
] as const) {
  test(`who waits for a write is not told after ${how}, the code stays`, async (scope) => {
    const server = createServer();
    scope.defer(() => server.close());
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const ended = runNode('callback-at-exit', [how, String(port)], { timeoutMs: 10_000 });
    const [socket] = (await once(server, 'connection')) as [ReturnType<typeof connect>];
    assert.equal(String(await readAll(socket)), 'last words');
    const { code, stdout } = await ended;
    assert.equal(code, expected);
    assert.equal(stdout, '');
  });
}

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

/** Notes the events that it gets. */
class Probe extends Pollable {
  readonly context = null;
  readonly events: number[] = [];
  private heard = (): void => {};
  /** Resolves at the first event. */
  readonly ready = new Promise<void>((resolve) => {
    this.heard = resolve;
  });
  constructor(private readonly react: () => void = () => {}) {
    super();
  }
  override onReady(events: number): void {
    this.events.push(events);
    this.react();
    this.heard();
  }
  override onTurn(): void {}
}

function socketpair(): [number, number] {
  const { kernel } = systemHost();
  const into: number[] = [];
  const { AF_UNIX, SOCK_STREAM } = kernel.constants;
  assert.equal(kernel.socketpair(AF_UNIX, SOCK_STREAM, into), 0);
  return into as [number, number];
}

test('no event of a closed descriptor reaches the one that got its number', async (scope) => {
  const { kernel, reactor } = systemHost();
  const pairs = [socketpair(), socketpair()] as const;
  const later = socketpair();
  const reused: Probe = new Probe();
  let again: [number, number] = [-1, -1];
  let slots: number[] = [];
  let turn = -1;
  const second = new Probe();
  const third = new Probe();
  const first = new Probe(() => {
    turn = reactor.turn;
    slots = [second.slot];
    reactor.close(second, pairs[1][0]);
    again = socketpair();
    reactor.register(reused, again[0], kernel.constants.EPOLLIN);
    slots.push(reused.slot);
  });
  reactor.register(first, pairs[0][0], kernel.constants.EPOLLIN);
  reactor.register(second, pairs[1][0], kernel.constants.EPOLLIN);
  reactor.register(third, later[0], kernel.constants.EPOLLIN);
  reactor.ref();
  scope.defer(() => {
    reactor.unref();
    reactor.close(first, pairs[0][0]);
    reactor.close(reused, again[0]);
    reactor.close(third, later[0]);
    for (const fd of [pairs[0][1], pairs[1][1], again[1], later[1]]) kernel.close(fd, -1);
  });
  // Both are readable before the loop looks: one batch has the events of both.
  for (const [, far] of pairs) kernel.write(far, Buffer.from('x'), 0, 1);
  await first.ready;
  // What comes after that batch comes after the stale event, too.
  kernel.write(later[1], Buffer.from('x'), 0, 1);
  await third.ready;
  assert.equal(first.events.length, 1);
  assert.equal(again[0], pairs[1][0], 'the number is in use again');
  assert.equal(slots[0], slots[1], 'and so is the place in the table');
  assert.deepEqual(second.events, []);
  assert.deepEqual(reused.events, [], 'a stale event was delivered');
  kernel.write(again[1], Buffer.from('x'), 0, 1);
  await reused.ready;
  assert.equal(reused.events.length, 1, 'its own event is delivered');
  assert.notEqual(reactor.turn, turn);
});

/** A socket of ours on one end of a UNIX pair, and the other end's number. */
function socketOnPair(scope: Scope): { socket: Socket; far: number } {
  const { kernel } = systemHost();
  const [near, far] = socketpair();
  kernel.release(near);
  const socket = new Socket({ fd: near });
  scope.defer(() => socket.destroy());
  scope.defer(() => kernel.close(far, -1));
  return { socket, far };
}

for (const queuedFirst of [true, false]) {
  const when = queuedFirst ? 'queued already' : 'sent later';
  test(`descriptors sent along do not hold up bytes ${when}, and are not kept`, async (scope) => {
    const { kernel } = systemHost();
    const { socket, far } = socketOnPair(scope);
    const before = readdirSync('/proc/self/fd').length;
    let text = '';
    socket.setEncoding('latin1').on('data', (chunk: unknown) => {
      text += String(chunk);
    });
    await turns();
    const send = (part: string): number => kernel.write(far, Buffer.from(part), 0, part.length);
    const withRights = (part: string): number =>
      kernel.sendRights(far, Buffer.from(part), 0, part.length, [far, far]);
    assert.equal(send('a'), 1);
    assert.equal(withRights('bc'), 2);
    if (!queuedFirst) await until(() => text === 'abc', 'the first bytes');
    assert.equal(send('def'), 3);
    assert.equal(withRights('g'), 1);
    assert.equal(withRights('h'), 1);
    assert.equal(send('i'), 1);
    await until(
      () => text.length >= 9,
      () => `all bytes; so far: ${text}`,
    );
    assert.equal(text, 'abcdefghi');
    assert.equal(readdirSync('/proc/self/fd').length, before, 'descriptors were kept');
  });
}
