/** Machines and settings under which there is no native file to load. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Project } from './project.js';

const [MAJOR = 0] = process.versions.node.split('.').map(Number);

/** Makes this machine look like another. */
const ELSEWHERE = {
  macOS: `Object.defineProperty(process, 'platform', { value: 'darwin' });
    Object.defineProperty(process, 'arch', { value: 'arm64' });`,
  Windows: `Object.defineProperty(process, 'platform', { value: 'win32' });`,
  'another processor': `process.dlopen = () => { throw new Error('wrong ELF class'); };`,
};

const WHY = {
  macOS: /barewire runs on Linux only \(this is darwin-arm64\)/,
  Windows: /barewire runs on Linux only \(this is win32-x64\)/,
  'another processor': /no native file for linux-.*install a C compiler/,
};

function project(t: TestContext, where: keyof typeof ELSEWHERE): Project {
  return new Project(t, {
    'elsewhere.cjs': ELSEWHERE[where],
    'import.mjs': `import 'barewire'; console.log('loaded');`,
    'main.mjs': `
      import net from 'net';
      import { registered, builtinNet } from 'barewire/register';
      import { createRequire } from 'node:module';
      import { Worker, isMainThread } from 'node:worker_threads';
      const same = createRequire(import.meta.url)('net') === net;
      console.log(registered, same, net === builtinNet);
      if (isMainThread) new Worker(new URL(import.meta.url));`,
  });
}

for (const where of ['macOS', 'Windows', 'another processor'] as const) {
  test(`${where}: importing says what is missing`, async (t) => {
    const here = project(t, where);
    const ended = await here.node(['--require', './elsewhere.cjs', 'import.mjs']);
    assert.equal(ended.stdout, '');
    assert.notEqual(ended.code, 0);
    assert.match(ended.stderr, WHY[where]);
    assert.match(ended.stderr, /ERR_BAREWIRE_UNSUPPORTED/);
  });

  test(`${where}: register warns once and leaves the built-in`, async (t) => {
    const here = project(t, where);
    const args = ['--require', './elsewhere.cjs', '--import', 'barewire/register', 'main.mjs'];
    const ended = await here.node(args);
    assert.equal(ended.stdout, 'false true true\n'.repeat(2));
    assert.equal(ended.stderr.match(/BAREWIRE_UNSUPPORTED/g)?.length, 1);
    assert.match(ended.stderr, WHY[where]);
    assert.match(ended.stderr, /The built-in 'net' is used instead/);
  });

  test(`${where}: register throws where it is told to`, async (t) => {
    const here = project(t, where);
    const args = ['--require', './elsewhere.cjs', '--import', 'barewire/register', 'main.mjs'];
    const ended = await here.node(args, { BAREWIRE_UNSUPPORTED: 'error' });
    assert.equal(ended.stdout, '');
    assert.notEqual(ended.code, 0);
    assert.match(ended.stderr, WHY[where]);
  });
}

const permission = MAJOR >= 24 ? '--permission' : '--experimental-permission';

test('permission model without --allow-addons: an error that says so, or a warning', async (t) => {
  const here = project(t, 'Windows');
  const flags = [permission, '--allow-fs-read=*', '--allow-worker'];
  const imported = await here.node([...flags, 'import.mjs']);
  assert.equal(imported.stdout, '');
  assert.match(imported.stderr, /ERR_BAREWIRE_UNSUPPORTED/);
  assert.match(imported.stderr, /--allow-addons/);
  const hooked = await here.node([...flags, '--import', 'barewire/register', 'main.mjs']);
  assert.equal(hooked.stdout, 'false true true\n'.repeat(2));
  assert.equal(hooked.stderr.match(/BAREWIRE_UNSUPPORTED/g)?.length, 1);
  assert.match(hooked.stderr, /--allow-addons/);
  const granted = await here.node([
    ...flags,
    '--allow-addons',
    ...(MAJOR >= 25 ? ['--allow-net'] : []),
    '--import',
    'barewire/register',
    'main.mjs',
  ]);
  assert.equal(granted.stdout, 'true true false\n'.repeat(2), granted.stderr);
});
