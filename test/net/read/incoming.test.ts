/** The reading half of a connection alone: over a Duplex, with no stream and no kernel. */
import assert from 'node:assert/strict';
import { Duplex } from 'node:stream';
import { test } from 'node:test';
import type { DuplexSurface } from '#internal/net/connection/duplex';
import { NOTHING } from '#internal/net/connection/extras';
import { bufferingOf, flows, type Incoming, onBytes } from '#internal/net/connection/incoming';

function incoming(): Incoming & { activity: number } {
  const socket = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
  return {
    socket: socket as DuplexSurface,
    stream: null,
    extras: NOTHING,
    activity: 0,
    active() {
      this.activity++;
    },
  };
}

test('bytes of a flowing socket are emitted as they are, and not buffered', () => {
  const connection = incoming();
  const chunks: Buffer[] = [];
  connection.socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  connection.socket.resume();
  const chunk = Buffer.from('as it is');
  // Before the tick in which Node begins to flow they are pushed; it flows once that has run.
  return new Promise<void>((resolve) => {
    setImmediate(() => {
      assert.equal(flows(connection.socket), true);
      onBytes(connection, chunk);
      assert.equal(chunks[0], chunk);
      assert.equal(connection.socket.readableLength, 0);
      assert.equal(connection.activity, 1);
      resolve();
    });
  });
});

test('bytes of a socket that nobody reads are pushed into its Readable', () => {
  const connection = incoming();
  onBytes(connection, Buffer.from('for later'));
  assert.equal(flows(connection.socket), false);
  assert.equal(bufferingOf(connection.socket), 'here');
  assert.equal(String(connection.socket.read()), 'for later');
});

test('what waits in a Readable lies in memory of its own where it is not little', () => {
  const connection = incoming();
  const slab = Buffer.alloc(256 * 1024, 'x');
  onBytes(connection, slab.subarray(0, 20_000));
  const waiting: unknown = connection.socket.read();
  assert.ok(Buffer.isBuffer(waiting));
  assert.equal(waiting.length, 20_000);
  assert.equal(waiting.buffer.byteLength, 20_000);
});
