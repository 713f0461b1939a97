/**
 * Node's permission model for the network, in versions of Node that have it, compared with the
 * built-in.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Project } from './project.js';

const hasNet = process.allowedNodeEnvironmentFlags.has('--allow-net');
const skip = hasNet ? false : 'this Node has no permissions for the network';
const FLAGS = ['--no-warnings', '--permission', '--allow-fs-read=*', '--allow-fs-write=*'];

/** Prints how each call is refused: the code, whether it was thrown, told or uncaught. */
const PROGRAM = `
  const net = process.argv[2] === 'ours' ? require('barewire/node') : require('node:net');
  const { setTimeout: sleep } = require('node:timers/promises');
  const path = '/tmp/bw-permission-' + process.pid + '.sock';
  const lookup = (name, options, done) => done(null, [{ address: '127.0.0.1', family: 4 }]);
  const calls = {
    'connect to an address': () => net.connect(9, '127.0.0.1'),
    'connect to a name': () => net.connect(9, 'localhost'),
    'connect by a lookup': () => net.connect({ port: 9, host: 'x', lookup }),
    'connect to a path': () => net.connect(path),
    'listen on an address': () => net.createServer().listen(0, '127.0.0.1'),
    'listen on any': () => net.createServer().listen(0),
    'listen on a name': () => net.createServer().listen(0, 'localhost'),
    'listen on a path': () => net.createServer().listen(path),
    'a bound socket': () => new net.BoundSocket({ host: '127.0.0.1' }),
  };
  let seen = [];
  const note = (how, error) => seen.push(how, error.code);
  process.on('uncaughtException', (error) => note('uncaught', error));
  (async () => {
    if (process.argv[3] === 'drop') {
      const server = net.createServer().listen(0, '127.0.0.1');
      await require('node:events').once(server, 'listening');
      server.close();
      process.permission.drop('net');
    }
    for (const [name, call] of Object.entries(calls)) {
      seen = [];
      try {
        const made = call();
        made.on?.('error', (error) => note('event', error));
        await sleep(50);
        if (seen.length === 0) seen.push('nothing');
      } catch (error) {
        note('thrown', error);
      }
      console.log(name + ': ' + seen.join(' '));
    }
    process.exit();
  })();`;

/** The built-in throws, or leaves it uncaught, as it comes: here a server always hears of it. */
const asEvents = (printed: string): string =>
  printed.replace(/^(listen.*): (?:uncaught|thrown)/gm, '$1: event');

for (const how of ['from the start', 'dropped later']) {
  test(`what the built-in refuses is refused: ${how}`, { skip }, async (t) => {
    const project = new Project(t, { 'main.cjs': PROGRAM });
    const drop = how === 'dropped later';
    const flags = [...FLAGS, '--allow-addons', ...(drop ? ['--allow-net'] : []), 'main.cjs'];
    const mode = drop ? ['drop'] : [];
    const builtin = await project.node([...flags, 'builtin', ...mode]);
    const ours = await project.node([...flags, 'ours', ...mode]);
    assert.equal(ours.stderr, builtin.stderr);
    assert.equal(builtin.stdout.match(/ERR_ACCESS_DENIED/g)?.length, 9, builtin.stdout);
    assert.equal(ours.stdout, asEvents(builtin.stdout));
  });
}

test('with --allow-net, and on a Node that knows nothing of it, nothing is refused', async (t) => {
  const flag = Number.parseInt(process.versions.node, 10) >= 24;
  const model = flag ? '--permission' : '--experimental-permission';
  const flags = ['--no-warnings', model, '--allow-fs-read=*', '--allow-addons'];
  const main = `
    const net = require('barewire/node');
    const server = net.createServer((socket) => socket.end('hello')).listen(0, '127.0.0.1', () => {
      net.connect(server.address().port, '127.0.0.1').on('data', (chunk) => {
        console.log(String(chunk));
        server.close();
      });
    });`;
  const project = new Project(t, { 'main.cjs': main });
  const granted = hasNet ? ['--allow-net'] : [];
  const { stdout, stderr } = await project.node([...flags, ...granted, 'main.cjs']);
  assert.deepEqual({ stdout, stderr }, { stdout: 'hello\n', stderr: '' });
});
