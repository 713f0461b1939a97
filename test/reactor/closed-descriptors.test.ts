/**
 * Events of a closed descriptor reach no socket, not even one whose descriptor gets the same
 * number.
 */
import assert from 'node:assert/strict';
import { Pollable } from '#internal/reactor/pollable';
import { linux } from '#internal/sys/linux';
import { systemHost } from '#internal/transport/host';
import { descriptorOf } from '../kit/kernel.js';
import { accepted } from '../kit/peer-pair.js';
import { row } from '../kit/row.js';
import { socketpair } from '../kit/socketpair.js';
import { test } from '../kit/test.js';
import { delay, event, until } from '../kit/wait.js';

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

/** How often the reactor is woken in some time in which nothing happens. */
async function wakeUps(): Promise<number> {
  const { reactor } = systemHost();
  const before = reactor.turn;
  await delay(100);
  return reactor.turn - before;
}

// libuv/libuv#4323
row('a closed descriptor whose description lives on wakes nobody', async (s) => {
  const { socket, far } = await accepted(s);
  const copy = linux.dup(descriptorOf(socket.localPort ?? 0, socket.remotePort ?? 0));
  assert.ok(copy >= 0);
  s.defer(() => linux.close(copy, -1));
  socket.destroy();
  await event(socket, 'close');
  await far.write('to the copy');
  await until(() => linux.pending(copy, linux.constants.FIONREAD) === 11, 'the bytes');
  await far.end();
  assert.ok((await wakeUps()) < 5);
});
