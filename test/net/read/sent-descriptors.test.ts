/** Descriptors that a peer sends along with its bytes. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { Socket } from 'barewire';
import { systemHost } from '#internal/transport/host';
import { socketpair } from '../../kit/socketpair.js';
import { type Scope, test } from '../../kit/test.js';
import { turns, until } from '../../kit/wait.js';

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
