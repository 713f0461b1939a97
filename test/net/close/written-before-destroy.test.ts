/** What was written in the same turn as `destroy()` reaches the peer, as with `node:net`. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'barewire';
import { FAMILIES } from '../../kit/echo.js';
import { makePair, readAll } from '../../kit/pairs.js';
import { test } from '../../kit/test.js';

/** A UNIX socket always takes so much; TCP may take less while the machine is short of memory. */
const TAKEN = { unix: 100_000, tcp: 3000 } as const;

for (const family of FAMILIES) {
  test(`bytes written before destroy() are sent over ${family}, with no error`, async (scope) => {
    const { ours, peer } = await makePair(scope, {}, family);
    const received = readAll(peer);
    const text = 'x'.repeat(TAKEN[family]);
    const failures: unknown[] = [];
    for (const part of ['one ', 'two ', Buffer.from(text)]) {
      ours.write(part, (error) => failures.push(error ?? null));
    }
    ours.destroy();
    assert.deepEqual(failures, [], 'callbacks do not run within destroy()');
    assert.equal(ours.bytesWritten, 8 + text.length);
    await once(ours, 'close');
    assert.deepEqual(failures, [null, null, null]);
    assert.equal(String(await received), `one two ${text}`);
    assert.equal(ours.bytesWritten, 8 + text.length);
  });
}

test('what the kernel does not take is given up: its callback gets the error', async (scope) => {
  const { ours, peer } = await makePair(scope);
  peer.pause();
  const failed = new Promise<Error | null | undefined>((resolve) => {
    ours.write(Buffer.alloc(64 << 20), resolve);
  });
  ours.destroy();
  assert.equal(Object(await failed).code, 'ECANCELED');
});

/** The codes that current Node gives to the write under way, to one behind it, and to `end`. */
const GIVEN_UP = [
  { name: 'destroy()', error: undefined, codes: ['ECANCELED', 'ECANCELED', 'ECANCELED'] },
  { name: 'destroy(error)', error: 'MINE', codes: ['ECANCELED', 'MINE', 'MINE'] },
] as const;

for (const { name, error, codes } of GIVEN_UP) {
  for (const later of [false, true]) {
    test(`${name} ${later ? 'a turn later' : 'at once'}: the code of each write`, async (scope) => {
      const { ours, peer } = await makePair(scope);
      peer.pause();
      ours.on('error', () => {});
      const seen: string[] = [];
      const note = (failure?: Error | null): void => {
        seen.push((failure as NodeJS.ErrnoException | null | undefined)?.code ?? 'done');
      };
      ours.write(Buffer.alloc(64 << 20), (failure) => {
        note(failure);
        assert.equal((failure as NodeJS.ErrnoException).syscall, 'write');
      });
      ours.write('behind', note);
      ours.end(note);
      if (later) await sleep(20);
      const closed = new Promise((resolve) => ours.on('close', resolve));
      ours.destroy(error && Object.assign(new Error(error), { code: error }));
      await closed;
      assert.deepEqual(seen, codes);
    });
  }
}

test('before the connection stands, the first write says so, whatever the error', async () => {
  for (const error of [undefined, 'MINE']) {
    const socket = connect({ port: 1, host: '127.0.0.1' }).on('error', () => {});
    const seen: unknown[] = [];
    for (const text of ['one', 'two']) socket.write(text, (failure) => seen.push(failure));
    const closed = new Promise((resolve) => socket.on('close', resolve));
    socket.destroy(error === undefined ? undefined : Object.assign(new Error(), { code: error }));
    await closed;
    const early = 'ERR_SOCKET_CLOSED_BEFORE_CONNECTION';
    assert.deepEqual(
      seen.map((failure) => (failure as NodeJS.ErrnoException).code),
      [early, error ?? early],
    );
  }
});

test('a large write that goes on slowly is not idle', async (scope) => {
  const { ours, peer } = await makePair(scope);
  let timeouts = 0;
  ours.setTimeout(200, () => timeouts++);
  peer.pause();
  ours.write(Buffer.alloc(48 << 20));
  for (let i = 0; i < 40; i++) {
    await sleep(20);
    peer.read(512 * 1024);
  }
  assert(ours.writableLength > 0, 'the write still goes on');
  assert.equal(timeouts, 0);
  await once(ours, 'timeout');
});

for (const before of ['', 'behind a write, ']) {
  test(`${before}end(chunk), then destroy(): sent, and not finished`, async (scope) => {
    const { ours, peer } = await makePair(scope);
    const received = readAll(peer);
    const events: string[] = [];
    ours.on('finish', () => events.push('finish'));
    if (before !== '') ours.write('one ');
    ours.end('last', (error?: Error | null) => {
      events.push((error as NodeJS.ErrnoException | null | undefined)?.code ?? 'ended');
    });
    ours.destroy();
    await once(ours, 'close');
    assert.equal(String(await received), before === '' ? 'last' : 'one last');
    assert.deepEqual(events, ['ERR_STREAM_DESTROYED']);
    assert.equal(ours.writableFinished, false);
  });
}
