/** An editor shows a text, and the name that users know, for each name that they write. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LanguageServer } from '../../kit/language-server.js';
import { projectRoot } from '../../kit/program.js';

const ENTRIES: Readonly<Record<string, readonly string[]>> = {
  barewire: Object.keys(require('barewire')),
  'barewire/node': Object.keys(require('barewire/node')),
  'barewire/promises': Object.keys(require('barewire/promises')),
  'barewire/node/promises': Object.keys(require('barewire/node/promises')),
  'barewire/interop': Object.keys(require('barewire/interop')),
  'barewire/ipc': Object.keys(require('barewire/ipc')),
  'barewire/threads': Object.keys(require('barewire/threads')),
  'barewire/register': ['net', 'registered', 'builtinNet', 'isNative'],
  'barewire/testing': ['simulate'],
};

/** What is shown, and the text below. */
const FENCED = /^```\w*\n([\s\S]*?)\n```([\s\S]*)$/;

test('every exported value has a text, and a socket is a Socket', async (t) => {
  const server = new LanguageServer(projectRoot);
  t.after(() => server.stop());
  const lines = Object.entries(ENTRIES).flatMap(([entry, names], at) => [
    `import { ${names.map((name) => `${name} as ${name}${at}`).join(', ')} } from '${entry}';`,
    ...names.map((name) => `/*${at} ${name}*/ ${name}${at};`),
  ]);
  const program = `${lines.join('\n')}
    let server = createServer0((accepted) => { accepted.end(); });
    var connected = connect1(1);`;
  const hover = await server.open('test/types/hover.mts', program);
  const silent: string[] = [];
  for (const [at, [entry, names]] of Object.entries(ENTRIES).entries()) {
    for (const name of names) {
      const [, shown, text] = FENCED.exec(await hover(`/*${at} ${name}*/ `)) ?? [];
      if (!text?.trim()) silent.push(`${entry}: ${name}: ${shown}`);
    }
  }
  assert.deepEqual(silent, []);
  const name = async (before: string): Promise<unknown> =>
    FENCED.exec(await hover(before))?.[1]?.trim();
  assert.equal(await name('createServer0(('), '(parameter) accepted: Socket');
  assert.equal(await name('var '), 'var connected: Socket');
  assert.equal(await name('let '), 'let server: Server');
});
