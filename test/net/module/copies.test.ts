/** `require` and `import` share one state; several copies of the package work beside each other. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runNode } from '../../kit/program.js';

const NAMES = [
  'Server',
  'Socket',
  'Stream',
  'connect',
  'createConnection',
  'createServer',
  'isIP',
  'isIPv4',
  'isIPv6',
];

for (const id of ['barewire', 'barewire/node']) {
  test(`import and require of ${id} give the same objects`, async () => {
    const required = require(id) as Record<string, unknown>;
    const imported = (await import(id)) as Record<string, unknown>;
    assert.equal(imported['default'], required);
    for (const name of NAMES) {
      assert.equal(typeof required[name], 'function', name);
      assert.equal(imported[name], required[name], name);
    }
    const exported = Object.keys(imported).filter((name) => name !== 'default');
    // Node 23 and later add the marker of a CommonJS module's exports.
    const own = exported.filter((name) => name !== 'module.exports');
    assert.deepEqual(own.sort(), Object.keys(required).sort());
  });
}

test('both profiles have one class of sockets, and servers of their own', async () => {
  const manual = await import('barewire');
  const node = await import('barewire/node');
  assert.equal(manual.Socket, node.Socket);
  assert.notEqual(manual.Server, node.Server);
});

for (const how of ['cache', 'registry']) {
  const what = how === 'cache' ? 'an emptied require cache' : "another realm's module registry";
  test(`a copy from ${what} works beside the first`, async () => {
    const { code, signal, stdout, stderr } = await runNode('loaded-twice', [how], {
      timeoutMs: 15_000,
    });
    assert.equal(stderr, '');
    assert.equal(signal, null, 'must end by itself');
    assert.equal(code, 0);
    const text = 'through two copies';
    assert.deepEqual(JSON.parse(stdout), { distinct: true, texts: [text, text] });
  });
}

for (const name of ['Socket', 'Server'] as const) {
  test(`a stack trace calls a ${name} by its name, as the built-in's do`, () => {
    const { [name]: OneOf } = require('barewire') as typeof import('barewire');
    let stack = '';
    const one = new OneOf().on('error', () => {
      stack = new Error('where from').stack ?? '';
    });
    one.emit('error', new Error('planted'));
    assert.match(stack, new RegExp(`at ${name}\\.emit `));
  });
}
