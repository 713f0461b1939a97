/** The hook in worker threads and child processes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Files, Project, WAYS } from './project.js';

const PEEK = `
  const net = require('net');
  const ours = require('barewire/node');
  const manual = require('barewire');
  exports.name = async () => {
    const { default: imported } = await import('net');
    const name = net === ours ? 'node' : net === manual ? 'manual' : 'builtin';
    return imported === net ? name : 'torn';
  };`;

const FILES: Files = {
  'node_modules/peek/index.js': PEEK,
  'worker.cjs': `
    const { parentPort } = require('node:worker_threads');
    require('peek').name().then((name) => parentPort.postMessage(name));`,
  'worker.mjs': `
    import { parentPort } from 'node:worker_threads';
    import net from 'net';
    import ours from 'barewire/node';
    import peek from 'peek';
    parentPort.postMessage(net === ours ? await peek.name() : 'esm builtin');`,
  'child.cjs': `require('peek').name().then((name) => process.send(name));`,
  'print.cjs': `require('peek').name().then(console.log);`,
  'main.cjs': `
    const { Worker } = require('node:worker_threads');
    const { execFileSync, fork } = require('node:child_process');
    const { once } = require('node:events');
    const { join } = require('node:path');
    const at = (name) => join(__dirname, name);
    (async () => {
      const seen = { main: await require('peek').name() };
      [seen.worker] = await once(new Worker(at('worker.cjs')), 'message');
      [seen.esmWorker] = await once(new Worker(at('worker.mjs')), 'message');
      const code = "require('worker_threads').parentPort.postMessage(" +
        "require('net') === require('barewire/node'))";
      [seen.evalWorker] = await once(new Worker(code, { eval: true }), 'message');
      const child = fork(at('child.cjs'));
      [seen.fork] = await once(child, 'message');
      child.disconnect();
      if (process.env.NODE_OPTIONS) {
        seen.spawn = execFileSync(process.execPath, [at('print.cjs')], { encoding: 'utf8' }).trim();
      }
      console.log(JSON.stringify(seen));
    })();`,
};

for (const [way, { args, env }] of Object.entries(WAYS)) {
  test(`${way}: worker threads and children have the hook too`, async (t) => {
    const project = new Project(t, FILES);
    const { stdout, stderr } = await project.node([...args, 'main.cjs'], env);
    assert.equal(stderr, '');
    // A worker made of a text does not wait for --import in any version of Node.
    const evalWorker = way.includes('--require');
    const seen = JSON.parse(stdout);
    if (!evalWorker) delete seen.evalWorker;
    const ours = {
      main: 'node',
      worker: 'node',
      esmWorker: 'node',
      fork: 'node',
      ...(evalWorker && { evalWorker }),
    };
    const spawned = env['NODE_OPTIONS'] === undefined ? {} : { spawn: 'node' };
    assert.deepEqual(seen, { ...ours, ...spawned });
  });
}

test('the profile reaches children', async (t) => {
  const project = new Project(t, { ...FILES, 'main.cjs': String(FILES['child.cjs']) });
  const fork = `
    const child = require('child_process').fork('./main.cjs');
    child.on('message', (name) => { console.log(name); child.disconnect(); });`;
  const args = ['--require', 'barewire/register', '--eval', fork];
  const { stdout, stderr } = await project.node(args, { BAREWIRE_PROFILE: 'manual' });
  assert.deepEqual({ stdout, stderr }, { stdout: 'manual\n', stderr: '' });
});
