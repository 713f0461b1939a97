/** Parts of making the published package: links and source maps. */
import assert from 'node:assert/strict';
import { SourceMap } from 'node:module';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { projectRoot } from '../kit/program.js';

interface Links {
  linkedFiles(file: string, text: string): string[];
  withoutDeadLinks(file: string, text: string, isThere: (file: string) => boolean): string;
}

interface PlainMap {
  version: 3;
  sources: string[];
  names: string[];
  mappings: string;
}

interface Maps {
  flatten(parts: { line: number; map: Omit<PlainMap, 'version'> }[]): PlainMap;
}

function load(name: string): Promise<unknown> {
  return import(pathToFileURL(join(projectRoot, 'scripts/lib', name)).href);
}

const TEXT = [
  '[there](A.md#part) and [gone](../test/x.ts), `[Symbol.iterator](code)`, [web](https://a.b).',
  '![plot](p.svg)',
  '```js\nlist[0](call)\n```',
].join('\n');

test('the links of a text are the files it names, and not what stands in code', async () => {
  const { linkedFiles } = (await load('links.mjs')) as Links;
  assert.deepEqual(linkedFiles('docs/B.md', TEXT), ['docs/A.md', 'test/x.ts', 'docs/p.svg']);
});

test('a link that leads to nothing becomes its words, and an image nothing', async () => {
  const { withoutDeadLinks } = (await load('links.mjs')) as Links;
  const changed = withoutDeadLinks('docs/B.md', TEXT, (file) => file === 'docs/A.md');
  const expected = TEXT.replace('[gone](../test/x.ts)', 'gone').replace('![plot](p.svg)', '');
  assert.equal(changed, expected);
});

test('maps put together lead where each of them led', async () => {
  const { flatten } = (await load('source-map.mjs')) as Maps;
  // 0:0 → 0:0 and 0:4 → 0:2, named; then 1:0 → 2:0. The other has its first line unmapped.
  const one = { sources: ['one.ts'], names: ['first'], mappings: 'AAAA,IAAEA;AAEF' };
  const two = { sources: ['two.ts'], names: ['second'], mappings: ';AACAA,QAAQ' };
  const map = new SourceMap(
    flatten([
      { line: 2, map: one },
      { line: 6, map: two },
    ]) as ConstructorParameters<typeof SourceMap>[0],
  );
  const at = (line: number, column: number): unknown[] => {
    const entry: object = map.findEntry(line, column);
    const fields = ['originalSource', 'originalLine', 'originalColumn', 'name'];
    return fields.map((field) => Reflect.get(entry, field) as unknown);
  };
  assert.deepEqual(at(2, 0), ['one.ts', 0, 0, undefined]);
  assert.deepEqual(at(2, 4), ['one.ts', 0, 2, 'first']);
  assert.deepEqual(at(3, 0), ['one.ts', 2, 0, undefined]);
  assert.deepEqual(at(7, 0), ['two.ts', 1, 0, 'second']);
  assert.deepEqual(at(7, 8).slice(0, 3), ['two.ts', 1, 8]);
});
