/** The hook on machines, and under settings, where there is no native file to load. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { AT_PLACE, type Place, projectAt, WHY, warnings } from '../fallback/places.js';
import type { Project } from './project.js';

const [MAJOR = 0] = process.versions.node.split('.').map(Number);

const PLACES_HERE = ['macOS', 'Windows', 'another processor', 'Bun', 'Deno'] as const;

function project(t: TestContext, place: Place): Project {
  return projectAt(t, place, {
    'import.mjs': `import { isNative } from 'barewire'; console.log('loaded', isNative);`,
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

for (const where of PLACES_HERE) {
  test(`${where}: register warns once and leaves the built-in`, async (t) => {
    const here = project(t, where);
    const args = [...AT_PLACE, '--import', 'barewire/register', 'main.mjs'];
    const ended = await here.node(args);
    assert.equal(ended.stdout, 'false true true\n'.repeat(2));
    assert.equal(warnings(ended.stderr), 1);
    assert.match(ended.stderr, WHY[where]);
    assert.match(ended.stderr, /The built-in 'net' is used instead/);
  });

  test(`${where}: register throws where it is told to`, async (t) => {
    const here = project(t, where);
    const args = [...AT_PLACE, '--import', 'barewire/register', 'main.mjs'];
    const ended = await here.node(args, { BAREWIRE_UNSUPPORTED: 'error' });
    assert.equal(ended.stdout, '');
    assert.notEqual(ended.code, 0);
    assert.match(ended.stderr, WHY[where]);
  });
}

const permission = MAJOR >= 24 ? '--permission' : '--experimental-permission';

test('permission model without --allow-addons: the built-in, and advice', async (t) => {
  const here = project(t, 'Windows');
  const flags = [permission, '--allow-fs-read=*', '--allow-worker'];
  const imported = await here.node([...flags, 'import.mjs']);
  assert.equal(imported.stdout, 'loaded false\n');
  assert.equal(warnings(imported.stderr), 1);
  assert.match(imported.stderr, /--allow-addons/);
  const hooked = await here.node([...flags, '--import', 'barewire/register', 'main.mjs']);
  assert.equal(hooked.stdout, 'false true true\n'.repeat(2));
  assert.equal(warnings(hooked.stderr), 1);
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

test('--no-addons has advice of its own', async (t) => {
  const ended = await project(t, 'Windows').node(['--no-addons', 'import.mjs']);
  assert.equal(ended.stdout, 'loaded false\n');
  assert.match(ended.stderr, /Node runs with --no-addons\. Leave that out/);
});
