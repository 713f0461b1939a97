/** Which servers and sockets keep a process alive, and which do not. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { assertFloodedExits } from '../../kit/flooded-exits.js';
import { compiled, Program, runNode } from '../../kit/program.js';

const STAYS = [
  'a listening server',
  'a server with unref() and ref()',
  'an idle socket that reads',
  'an idle socket with unref() and ref()',
  'a write that the peer does not take',
  'an unreferenced server and a socket',
];
const ENDS = [
  'nothing but the loaded module',
  'a server with unref()',
  'a server with unref() before listen()',
  'a closed server',
  'an idle socket with unref()',
  'a destroyed socket',
];
const STAYED_MS = 300;

/** A server that accepts, and neither reads nor sends. */
async function startSilentServer(t: TestContext): Promise<number> {
  const server = createServer({ pauseOnConnect: true }, (socket) => {
    socket.on('error', () => {});
    t.after(() => socket.destroy());
  });
  t.after(() => server.close());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return (server.address() as AddressInfo).port;
}

for (const what of STAYS) {
  test(`a process stays for ${what}`, async (t) => {
    const port = await startSilentServer(t);
    const program = new Program(process.execPath, [compiled('lifetime'), what, String(port)]);
    await program.printed('ready');
    await sleep(STAYED_MS);
    assert.equal(program.child.exitCode, null, program.stderr);
    await program.stop();
    assert.equal(program.stderr, '');
  });
}

for (const what of ENDS) {
  test(`a process does not stay for ${what}`, async (t) => {
    const port = await startSilentServer(t);
    const { code, signal, stderr } = await runNode('lifetime', [what, String(port)]);
    assert.equal(stderr, '');
    assert.equal(signal, null);
    assert.equal(code, 0);
  });
}

test('a program with only unreferenced, flooded sockets exits with 0, 20 times', async (t) => {
  await assertFloodedExits(t, 20);
});
