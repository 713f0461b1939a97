/** Loads every entry point on each machine and runtime where the native file can not load. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AT_PLACE, PLACES, type Place, projectAt, WHY, warnings } from './places.js';

/** Loads every entry point by `require` and `import`, and says what each is. */
const LOAD = `
  import { createRequire } from 'node:module';
  import builtin from 'node:net';
  const require = createRequire(import.meta.url);
  const names = ['', '/node', '/promises', '/node/promises', '/interop', '/ipc', '/threads',
    '/register', '/testing'];
  const isNative = {};
  for (const name of names) {
    const imported = await import('barewire' + name);
    const required = require('barewire' + name);
    isNative[name] = [imported.isNative, required.isNative];
  }
  const node = require('barewire/node');
  const manual = require('barewire');
  const { net, registered } = require('barewire/register');
  const thrown = (run) => { try { run(); } catch (error) { return error; } };
  const refused = {
    sendHandle: () => require('barewire/ipc').sendHandle({}, 'x', {}),
    receive: () => require('barewire/ipc').receive({}),
    install: () => require('barewire/ipc').install(),
    postHandle: () => require('barewire/threads').postHandle({}, 'x', {}),
    onHandle: () => require('barewire/threads').onHandle({}, () => {}),
  };
  const { simulate } = require('barewire/testing');
  const simulated = await simulate({ hosts: ['a', 'b'] }, async ({ hosts, clock }) => {
    hosts.b.net.createServer((socket) => socket.end('far')).listen(1);
    let text = '';
    hosts.a.net.connect(1, 'b').on('data', (chunk) => { text += chunk; });
    await clock.sleep(1000);
    return text;
  });
  console.log(JSON.stringify({
    isNative, registered, simulated,
    same: [net === builtin, require('net') === builtin],
    own: Object.keys(builtin).filter((name) => node[name] !== builtin[name]),
    manual: Object.keys(builtin).filter((name) => manual[name] !== builtin[name]),
    errors: Object.entries(refused).map(([name, run]) => {
      const error = thrown(run);
      return [name, error?.code, error?.message.includes(name)];
    }),
  }));`;

const REFUSED = ['sendHandle', 'receive', 'install', 'postHandle', 'onHandle'];

for (const place of Object.keys(PLACES) as Place[]) {
  test(`${place}: every entry point loads, on the runtime's own net`, async (t) => {
    const here = projectAt(t, place, { 'load.mjs': LOAD });
    const { code, stdout, stderr } = await here.node([...AT_PLACE, 'load.mjs']);
    assert.equal(code, 0, stderr);
    const seen = JSON.parse(stdout);
    const { '/testing': testing, ...entries } = seen.isNative;
    assert.deepEqual(testing, [null, null]);
    for (const [entry, both] of Object.entries(entries)) {
      assert.deepEqual(both, [false, false], entry);
    }
    assert.equal(seen.registered, false);
    assert.deepEqual(seen.same, [true, true]);
    assert.deepEqual(seen.own, []);
    assert.deepEqual(seen.manual.sort(), ['Server', 'createServer']);
    assert.equal(seen.simulated, 'far');
    const errors = new Map<string, unknown[]>(
      seen.errors.map(([name, ...rest]: [string, ...unknown[]]) => [name, rest]),
    );
    for (const name of REFUSED) {
      assert.deepEqual(errors.get(name), ['ERR_BAREWIRE_UNSUPPORTED', true], name);
    }
    assert.equal(warnings(stderr), 1, stderr);
    assert.match(stderr, WHY[place]);
    assert.match(stderr, /The built-in 'net' is used instead/);
  });
}

test('on this machine every entry point is native, and nothing is said', async (t) => {
  const here = projectAt(t, 'macOS', { 'load.mjs': LOAD });
  const { code, stdout, stderr } = await here.node(['load.mjs'], { BAREWIRE_PROFILE: 'node' });
  assert.equal(code, 0, stderr);
  const { isNative, registered } = JSON.parse(stdout);
  const { '/testing': _, ...entries } = isNative;
  for (const [entry, both] of Object.entries(entries)) assert.deepEqual(both, [true, true], entry);
  assert.equal(registered, true);
  assert.equal(stderr, '');
});

test('BAREWIRE_UNSUPPORTED: silent, error, and what is neither', async (t) => {
  const here = projectAt(t, 'macOS', {
    'main.cjs': "console.log(require('barewire').isNative, require('barewire/node').isNative);",
    'sim.cjs': "console.log(typeof require('barewire/testing').simulate);",
  });
  const silent = await here.node([...AT_PLACE, 'main.cjs'], { BAREWIRE_UNSUPPORTED: 'silent' });
  assert.deepEqual([silent.stdout, silent.stderr], ['false false\n', '']);
  const error = await here.node([...AT_PLACE, 'main.cjs'], { BAREWIRE_UNSUPPORTED: 'error' });
  assert.notEqual(error.code, 0);
  assert.match(error.stderr, /ERR_BAREWIRE_UNSUPPORTED.*runs on Linux only/);
  const other = await here.node([...AT_PLACE, 'main.cjs'], { BAREWIRE_UNSUPPORTED: 'no' });
  assert.match(other.stderr, /BAREWIRE_UNSUPPORTED must be one of warn, silent, error; it is 'no'/);
  const sim = await here.node([...AT_PLACE, 'sim.cjs'], { BAREWIRE_UNSUPPORTED: 'error' });
  assert.deepEqual([sim.stdout, sim.stderr], ['function\n', '']);
});

test('the threads of a process and a second copy of the package do not say it again', async (t) => {
  const here = projectAt(t, 'macOS', {
    'main.cjs': `
      const { Worker, isMainThread } = require('node:worker_threads');
      require('barewire');
      for (const key of Object.keys(require.cache)) delete require.cache[key];
      require('barewire/node');
      if (isMainThread) new Worker(__filename);`,
  });
  const { code, stderr } = await here.node([...AT_PLACE, 'main.cjs']);
  assert.equal(code, 0, stderr);
  assert.equal(warnings(stderr), 1, stderr);
});
