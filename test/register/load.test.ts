/** Each way to ask for `net` gives this package's module. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Files, Project, WAYS } from './project.js';

/** Prints, for each way of asking, whether the module is this package's. */
const FILES: Files = {
  'node_modules/cjs-package/index.js': `
    const net = require('net');
    const viaNode = require('node:net');
    const again = require('node:module').createRequire(__filename)('net');
    exports.seen = { net, viaNode, again, same: net };
    exports.dynamic = async () => (await import('net')).default;
    exports.named = async () => (await import('node:net')).Socket;`,
  'node_modules/esm-package/package.json': '{"type": "module", "exports": "./index.js"}',
  'node_modules/esm-package/index.js': `
    import net, { Socket, connect } from 'node:net';
    import * as all from 'net';
    import { createRequire } from 'node:module';
    const required = createRequire(import.meta.url)('net');
    export const dynamic = (await import('net')).default;
    export { net, Socket, connect, all, required };`,
  'main.cjs': `
    const ours = require('barewire/node');
    const manual = require('barewire');
    const cjs = require('cjs-package');
    const name = (net) => net === ours ? 'node' : net === manual ? 'manual' : 'builtin';
    (async () => {
      const esm = await import('esm-package');
      const socket = (Socket) => Socket === ours.Socket;
      console.log(JSON.stringify({
        require: name(cjs.seen.net), requireNode: name(cjs.seen.viaNode),
        createRequire: name(cjs.seen.again), dynamicInCjs: name(await cjs.dynamic()),
        namedInCjs: socket(await cjs.named()), importDefault: name(esm.net),
        importNamed: socket(esm.Socket), sameConnect: esm.connect === esm.net.connect,
        namespace: name(esm.all.default), requireInEsm: name(esm.required),
        dynamicInEsm: name(esm.dynamic),
        builtinModule: process.getBuiltinModule ? name(process.getBuiltinModule('net')) : 'none',
        hidden: name(require('barewire/register').builtinNet),
      }));
    })();`,
  'main.mjs': `
    import net from 'net';
    import ours from 'barewire/node';
    import manual from 'barewire';
    import { seen } from 'cjs-package';
    import { net as esm } from 'esm-package';
    const name = (net) => net === ours ? 'node' : net === manual ? 'manual' : 'builtin';
    console.log(JSON.stringify({ main: name(net), cjs: name(seen.net), esm: name(esm) }));`,
};

function expected(name: string): object {
  const names = ['require', 'requireNode', 'createRequire', 'dynamicInCjs', 'importDefault'];
  names.push('namespace', 'requireInEsm', 'dynamicInEsm');
  return {
    ...Object.fromEntries(names.map((way) => [way, name])),
    namedInCjs: true,
    importNamed: true,
    sameConnect: true,
    builtinModule: process.getBuiltinModule === undefined ? 'none' : name,
    hidden: 'builtin',
  };
}

for (const [way, { args, env }] of Object.entries(WAYS)) {
  for (const profile of ['node', 'manual']) {
    test(`C003 ${way}, profile ${profile}: every package gets this module`, async (t) => {
      const project = new Project(t, FILES);
      const environment = { ...env, ...(profile === 'manual' && { BAREWIRE_PROFILE: 'manual' }) };
      const cjs = await project.node([...args, 'main.cjs'], environment);
      assert.equal(cjs.stderr, '');
      assert.deepEqual(JSON.parse(cjs.stdout), expected(profile));
      const esm = await project.node([...args, 'main.mjs'], environment);
      assert.equal(esm.stderr, '');
      const all = { main: profile, cjs: profile, esm: profile };
      assert.deepEqual(JSON.parse(esm.stdout), all);
    });
  }
}

test('loaded twice, by both ways and by hand, it is the same as once', async (t) => {
  const project = new Project(t, {
    'main.cjs': `
      const before = require('net');
      require('barewire/register');
      console.log(before === require('net') && before === require('barewire/node'));`,
  });
  const args = ['--require', 'barewire/register', '--import', 'barewire/register', 'main.cjs'];
  const { stdout, stderr } = await project.node(args);
  assert.deepEqual({ stdout, stderr }, { stdout: 'true\n', stderr: '' });
});

test('loaded by the program itself it holds for what is asked for later', async (t) => {
  const project = new Project(t, {
    ...FILES,
    'later.mjs': `
      import { net, registered } from 'barewire/register';
      const { seen } = await import('cjs-package');
      console.log(registered, seen.net === net, (await import('net')).default === net);`,
  });
  const { stdout, stderr } = await project.node(['later.mjs']);
  assert.deepEqual({ stdout, stderr }, { stdout: 'true true true\n', stderr: '' });
});

test('an option with a value that means nothing is an error at start', async (t) => {
  const project = new Project(t, FILES);
  const env = { BAREWIRE_PROFILE: 'modern' };
  const ended = await project.node(['--require', 'barewire/register', 'main.cjs'], env);
  assert.notEqual(ended.code, 0);
  assert.match(ended.stderr, /BAREWIRE_PROFILE must be one of node, manual; it is 'modern'/);
});
