/** The harness for Node's own tests, on a small tree of tests that each show one thing. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { projectRoot } from '../kit/program.js';
import { makeProject, runScript } from './fixture.js';

const TESTS = {
  'test-net-blank.js': "require('node:fs');\n",
  'test-net-fails.js': "require('net'); throw new Error('on purpose');\n",
  'test-net-flags.js':
    "// Flags: --expose-gc\nif (require('net').createServer && !gc) process.exit(1);\n",
  'test-net-here.js': "if (typeof require('net').createServer !== 'function') process.exit(1);\n",
  'test-net-import.mjs': "import net from 'net'; if (!net.createServer) process.exit(1);\n",
  'test-net-skips.js': "require('net'); console.log('1..0 # Skipped: no reason');\n",
};

function run(t: TestContext, impl: string): string {
  const files = Object.entries(TESTS).map(([name, text]) => [`test/parallel/${name}`, text]);
  const others = ['sequential', 'pummel'].map((folder) => [`test/${folder}/none.js`, '']);
  const tree = makeProject(t, Object.fromEntries([...files, ...others]));
  process.env['BAREWIRE_IPV6_LOCALHOST'] = '1';
  t.after(() => Reflect.deleteProperty(process.env, 'BAREWIRE_IPV6_LOCALHOST'));
  return runScript('scripts/conformance.mjs', [tree, '--impl', impl], tree).output;
}

function standIn(name: string): string {
  return join(projectRoot, 'test/conformance/harness/stand-ins', `${name}.cjs`);
}

test('what passes, fails, skips, and never asked for the module', (t) => {
  const output = run(t, 'barewire/node');
  assert.match(output, /fail: parallel\/test-net-fails\.js .*exit 1: Error: on purpose/);
  assert.match(output, /fail: parallel\/test-net-blank\.js .*was never given the module/);
  assert.match(output, /skipped: parallel\/test-net-skips\.js .*no reason/);
  assert.match(output, /strict[^\d]+6[^\d]+3[^\d]+2[^\d]+0[^\d]+1[^\d]+0/);
  assert.doesNotMatch(output, /asked for the built-in/);
});

test('a module without what the test needs fails, so the built-in is really replaced', (t) => {
  const output = run(t, standIn('empty'));
  for (const name of ['here', 'import']) assert.match(output, new RegExp(`fail: .*net-${name}`));
});

test('a module that hands out the built-in is found out', (t) => {
  assert.match(run(t, standIn('delegate')), /asked for the built-in: require net from .*delegate/);
});
