/** A socket that sends much to a fast peer lets other sockets and timers run meanwhile. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { simulate } from 'barewire/testing';
import { test } from '../../kit/test.js';

const MIB = 1024 * 1024;
const COUNT = 64 * 1024;

/** The kernel of `sender` takes a GiB without waiting. */
const HOSTS = [{ name: 'sender', sendBytes: 1024 * MIB }, 'reader'];

test('64 MiB that the kernel takes at once leave in several turns of the event loop', async () => {
  await simulate({ hosts: HOSTS }, async ({ hosts }) => {
    const { sender, reader } = hosts;
    let received = 0;
    const server = reader?.net.createServer((peer) => {
      peer.on('data', (data) => {
        received += data.length;
      });
    });
    await once(server?.listen(80) as NodeJS.EventEmitter, 'listening');
    const socket = sender?.net.connect(80, 'reader');
    assert.ok(socket && server);
    await once(socket, 'connect');
    const chunk = Buffer.alloc(1024);
    socket.cork();
    for (let i = 0; i < COUNT; i++) socket.write(chunk);
    let turns = 0;
    let isDone = false;
    const count = (): void => {
      turns++;
      if (!isDone) setImmediate(count);
    };
    setImmediate(count);
    socket.uncork();
    await once(socket, 'drain');
    isDone = true;
    // 4 MiB in each.
    assert.ok(turns >= 64 / 4 - 1, `${turns} turns`);
    socket.end();
    await once(socket, 'close');
    assert.equal(received, COUNT * 1024);
    server.close();
  });
});
