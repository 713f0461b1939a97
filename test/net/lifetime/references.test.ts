/**
 * `ref` and `unref`: when servers and sockets keep the process alive. B# is oven-sh/bun, D# is
 * denoland/deno.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { peer } from '../../kit/peer.js';
import { row, type Scope } from '../../kit/row.js';
import { script } from '../../kit/scripts.js';
import { delay, turns } from '../../kit/wait.js';

/** Connects to the port and, by default, stays there. */
function client(s: Scope, port: number, calls: string) {
  const text = `
    const socket = net.connect(${port}, '127.0.0.1', () => { ${calls} console.log('connected'); });
    socket.on('data', (data) => { console.log('got ' + data); socket.end(); });`;
  return script(s, s.profile, text);
}

row('C076 an unreferenced socket lets the program end, unref() twice or not', async (s) => {
  const there = await peer.listen();
  for (const calls of [
    'socket.unref();',
    'socket.unref().unref();',
    'socket.ref().ref().unref();',
  ]) {
    const child = client(s, there.port, calls);
    const far = await there.accept();
    assert.equal(await child.exit(), 0);
    assert.match(child.output, /^connected\n$/);
    await far.until({ closed: true });
  }
});

row('C076 ref() undoes unref(), whether that was once or twice', async (s) => {
  const there = await peer.listen();
  for (const calls of ['socket.unref().ref();', 'socket.unref().unref().ref();', '']) {
    const child = client(s, there.port, calls);
    const far = await there.accept();
    await child.printed(/connected\n/);
    await far.write('word');
    assert.equal(await child.exit(), 0);
    assert.match(child.output, /got word\n$/);
  }
});

row('C087 unref and ref before connect', async (s) => {
  const path = join(s.folder(), 'there');
  const there = await peer.listen({ path });
  const text = (calls: string): string => `
    const socket = new net.Socket()${calls}.connect('${path}');
    socket.on('data', (data) => { console.log('got ' + data); socket.end(); });`;
  const gone = script(s, s.profile, text('.unref()'));
  assert.equal(await gone.exit(), 0);
  await there.accept();
  const stays = script(s, s.profile, text('.unref().ref()'));
  await (await there.accept()).write('word');
  assert.equal(await stays.exit(), 0);
  assert.equal(stays.output, 'got word\n');
  await turns();
});

// B#31155: what counts is what is active, as in libuv
row('a paused socket does not keep the process alive, and one that reads does', async (s) => {
  const port = await s.port(s.server({ pauseOnConnect: true }));
  const text = (what: string): string => `
    const socket = net.connect(${port}, '127.0.0.1', () => {
      console.log('connected');
      ${what}
    });
    process.on('exit', () => console.log('exit'));
  `;
  const paused = script(s, s.profile, text('socket.pause();'));
  assert.equal(await paused.exit(), 0, paused.output);
  const reading = script(s, s.profile, text('socket.resume();'));
  await reading.printed(/connected/);
  await delay(150);
  assert.equal(reading.output, 'connected\n');
});

// D net_test.ts "net.connect().unref() works"
row('unref in the connect handler lets the program end before the answer', async (s) => {
  const port = await s.port(s.server({ pauseOnConnect: true }));
  const program = script(
    s,
    s.profile,
    `const socket = net.connect(${port}, '127.0.0.1', () => {
       socket.unref();
       socket.on('data', () => console.log('data'));
       socket.write('request');
     });`,
  );
  assert.equal(await program.exit(), 0);
  assert.equal(program.output, '');
});

// B#13184, B#13411
row('the program ends once the server has ended its connections, or after destroy', async (s) => {
  const port = await s.port(s.server((socket) => socket.on('error', () => {}).end('bye')));
  for (const then of ["socket.on('data', () => {});", 'socket.destroy();']) {
    const text = `const socket = net.connect(${port}, '127.0.0.1', () => { ${then} });`;
    const program = script(s, s.profile, text);
    assert.equal(await program.exit(), 0, then);
  }
});

row('C044 an unreferenced server lets the program end, unref() twice or not', async (s) => {
  const listen = (then: string): string => `net.createServer().listen(0, '127.0.0.1')${then};`;
  for (const then of [
    '.unref()',
    '.unref().unref()',
    ".on('listening', function () { this.unref() })",
  ]) {
    const child = script(s, s.profile, listen(then));
    assert.equal(await child.exit(), 0, child.output);
  }
});

/** A server that stays: it answers one connection, then closes by itself. */
const ANSWER_ONE = `
const server = net.createServer((socket) => { socket.end('alive'); server.close(); });
server.listen(0, '127.0.0.1', () => {
  CALLS
  setImmediate(() => setImmediate(() => console.log('port', server.address().port)));
});`;

async function staysAlive(s: Scope, calls: string): Promise<void> {
  const child = script(s, s.profile, ANSWER_ONE.replace('CALLS', calls));
  await child.printed(/port \d+\n/);
  const port = Number(/port (\d+)/.exec(child.output)?.[1]);
  const client = await peer.connect({ port });
  assert.equal((await client.until({ ended: true })).text, 'alive');
  assert.equal(await child.exit(), 0, child.output);
}

row('C044 unref() twice is undone by one ref()', (s) =>
  staysAlive(s, 'server.unref(); server.unref(); server.ref();'),
);

row('C045 ref() undoes unref(), once or twice, and is harmless without it', async (s) => {
  await staysAlive(s, 'server.unref(); server.ref();');
  await staysAlive(s, 'server.ref(); server.ref();');
});

row('C045 ref() twice is undone by one unref()', async (s) => {
  const text =
    "net.createServer().listen(0, '127.0.0.1', function () { this.ref().ref().unref() });";
  const child = script(s, s.profile, text);
  assert.equal(await child.exit(), 0, child.output);
});
