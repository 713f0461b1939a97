/** The check that documents and scripts name only files that are there. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { makeProject, type Outcome, runScript } from './fixture.js';

const THERE = {
  'test/net/listen/a.test.ts': '',
  'test/sim/kernel-tcp.test.ts': '',
  'src/net/b.ts': '',
  'docs/OTHER.md': '',
};

function docPaths(t: TestContext, files: Record<string, string>): Outcome {
  const root = makeProject(t, { ...THERE, ...files });
  return runScript('scripts/check/doc-paths.mjs', ['--root', root], root);
}

test('files, folders, patterns and links that lead somewhere are accepted', (t) => {
  const text = [
    'See `test/net/listen/a.test.ts`, `test/net/`, `src/net/b.ts` and `test/sim/kernel-*.test.ts`,',
    '[here](../test/net/listen/a.test.ts), [there](OTHER.md#part), [far](https://a.b/test/c.ts),',
    'and `js/test/c.ts` of somebody else.',
  ];
  const { status, output } = docPaths(t, {
    'docs/A.md': text.join('\n'),
    'scripts/a.mjs': '// As test/net/listen/a.test.ts does; makes test/made.\n',
  });
  assert.deepEqual(
    [status, output],
    [0, 'doc-paths: 2 documents name only files that are there\n'],
  );
});

const WRONG: [what: string, file: string, text: string, said: RegExp][] = [
  ['a file', 'docs/A.md', 'one\n`test/api/a.test.ts`', /^docs\/A\.md:2: there is no test\/api\/a/],
  ['a folder', 'README.md', 'in `test/contract/`', /^README\.md:1: there is no test\/contract\//],
  ['a pattern', 'docs/A.md', '`test/sim/kernel_*.test.ts`', /there is no test\/sim\/kernel_\*/],
  ['a file of src', 'docs/A.md', 'in src/net/c.ts', /there is no src\/net\/c\.ts/],
  ['a link', 'docs/A.md', '[a](../test/a.test.ts)', /links to test\/a\.test\.ts, which is not/],
  ['a test in a script', 'scripts/a.mjs', '// test/kit/a.ts\n', /^scripts\/a\.mjs:1: there is no/],
];

for (const [what, file, text, said] of WRONG) {
  test(`${what} that is not there is reported`, (t) => {
    const { status, output } = docPaths(t, { [file]: text });
    assert.equal(status, 1);
    assert.match(output, said);
  });
}
