/** The checks of `npm run check`, each on a small project that breaks its rule. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { makeProject, type Outcome, runScript } from './fixture.js';

type Files = Record<string, string>;

function layers(t: TestContext, files: Files): Outcome {
  const root = makeProject(t, files);
  return runScript('scripts/check/layers.mjs', ['--root', root], root);
}

function circles(t: TestContext, files: Files): Outcome {
  const root = makeProject(t, files);
  return runScript('scripts/check/circles.mjs', ['--root', root], root);
}

function sizes(t: TestContext, files: Files): Outcome {
  const root = makeProject(t, files);
  return runScript('scripts/check/sizes.mjs', ['--root', root], root);
}

function biome(t: TestContext, files: Files): Outcome {
  const args = ['check', '--error-on-warnings', '--colors=off', '--max-diagnostics=none'];
  return runScript('node_modules/@biomejs/biome/bin/biome', args, makeProject(t, files));
}

function documented(t: TestContext, declared: string): Outcome {
  const types = './dist/index.d.ts';
  const manifest = JSON.stringify({ name: 'p', exports: { '.': { types } } });
  const root = makeProject(t, { 'package.json': manifest, 'dist/index.d.ts': declared });
  return runScript('scripts/check/documented.mjs', ['--root', root], root);
}

function types(t: TestContext, files: Files): Outcome {
  const root = makeProject(t, { 'test/any.test.ts': 'export {};\n', ...files });
  return runScript('node_modules/typescript/bin/tsc', ['-b'], root);
}

function assertReported(outcome: Outcome, ...patterns: RegExp[]): void {
  for (const pattern of patterns) assert.match(outcome.output, pattern);
  assert.notEqual(outcome.status, 0, outcome.output);
}

function assertClean(outcome: Outcome): void {
  assert.equal(outcome.status, 0, outcome.output);
}

test('the layer check accepts imports from the folder itself and from those above it', (t) => {
  assertClean(
    layers(t, {
      'src/util/a.ts': "import { inspect } from 'node:util';\nexport const a = inspect(1);\n",
      'src/sys/b.ts': "import { a } from '../util/a.js';\nexport const b = [a];\n",
      'src/sys/c.ts':
        "import { b } from './b.js';\nexport const c = require('../../build/x.node')(b);\n",
      'src/net/d.ts': "import { Duplex } from 'node:stream';\nexport class D extends Duplex {}\n",
      'src/index.ts': "export * from './net/d.js';\n",
      'test/d.test.ts': "import 'barewire';\nimport '#internal/net/d';\nimport './x';\n",
    }),
  );
});

const WRONG_IMPORTS: [path: string, text: string, expected: RegExp][] = [
  ['src/util/a.ts', "import '../sys/b.js';", /util may not import from sys/],
  ['src/net/a.ts', "import '../sys/b.js';", /net may not import from sys/],
  ['src/net/a.ts', "import type { B } from '../reactor/b.js';", /net may not import from reactor/],
  ['src/net/a.ts', "export { b } from '../sys/b.js';", /net may not import from sys/],
  ['src/net/a.ts', "export type B = import('../sys/b.js').B;", /net may not import from sys/],
  ['src/net/a.ts', "import b = require('../sys/b.js');", /net may not import from sys/],
  ['src/net/a.ts', "const b = await import('../sys/b.js');", /net may not import from sys/],
  ['src/reactor/a.ts', "require('../transport/b.js');", /reactor may not import from transport/],
  ['src/promises/a.ts', "import '../dial/b.js';", /promises may not import from dial/],
  ['src/transport/a.ts', "import 'node:stream';", /transport may not import node:stream/],
  ['src/transport/a.ts', "import 'events';", /transport may not import events/],
  ['src/util/a.ts', "import 'node:fs/promises';", /util may not import node:fs/],
  ['src/net/a.ts', "import '../fallback/b.js';", /net may not import from fallback/],
  ['src/fallback/a.ts', "import '../promises/b.js';", /fallback may not import from promises/],
  ['src/net/a.ts', "require('../../prebuilds/x.node');", /only sys may load the native binding/],
  ['src/net/a.ts', "import 'barewire';", /imports its own files by path/],
  ['src/net/a.ts', "import '../../scripts/b.mjs';", /leaves src/],
  ['src/net/node/a.ts', "import '../server/b.js';", /node may not import from server/],
  ['src/net/socket/a.ts', "import type { B } from '../server/b.js';", /socket may not import from/],
  ['src/net/symbols.ts', "import './node/b.js';", /ground may not import from node/],
  ['src/net/moving/a.ts', "import '../module.js';", /moving may not import from face/],
  ['src/net/attic/a.ts', 'export {};', /'attic' is no wing of src\/net/],
  ['src/sys/sim/time/a.ts', "import '../files/b.js';", /time may not import from files/],
  ['src/sys/sim/constants.ts', "import './world.js';", /ground may not import from face/],
  ['src/sys/sim/cellar/a.ts', 'export {};', /'cellar' is no wing of src\/sys\/sim/],
  ['src/other/a.ts', 'export {};', /'other' is not in the layer table/],
  ['src/util/a.test.ts', "import './a.js';", /a test imports/],
  ['test/a.test.ts', "import '../src/util/a.js';", /a test imports/],
];

for (const [path, text, expected] of WRONG_IMPORTS) {
  test(`the layer check reports ${path}: ${text}`, (t) => {
    assertReported(layers(t, { [path]: `${text}\n` }), expected, new RegExp(`${path}:`));
  });
}

test('the layer check accepts imports of a wing from those below it', (t) => {
  assertClean(
    layers(t, {
      'src/net/module.ts': "import './moving/a.js';\nimport './symbols.js';\n",
      'src/net/moving/a.ts': "import '../server/b.js';\n",
      'src/net/server/b.ts': "import '../connection/c.js';\nimport './d.js';\n",
      'src/net/connection/c.ts': "import '../symbols.js';\n",
      'src/sys/sim/machine/a.ts': "import '../time/b.js';\nimport '../../kernel.js';\n",
    }),
  );
});

const CIRCLES: [what: string, last: string][] = [
  ['an import', "import './a.js';"],
  ['an import of a type', "import type { A } from './a.js';"],
  ['a type import', "export type A = import('./a.js').A;"],
  ['a require', "export const a = () => require('./a.js');"],
];

for (const [what, last] of CIRCLES) {
  test(`the circle check reports a circle of three files that ${what} closes`, (t) => {
    assertReported(
      circles(t, {
        'src/util/a.ts': "import '../sys/b.js';\n",
        'src/sys/b.ts': "import '../util/c.js';\n",
        'src/util/c.ts': `${last}\n`,
        'src/util/d.ts': "import './a.js';\n",
      }),
      /import each other: src\/sys\/b\.ts src\/util\/a\.ts src\/util\/c\.ts\n/,
      /circles: 1 problem/,
    );
  });
}

test('the circle check reports an exception that nothing needs', (t) => {
  const files = ['tcp', 'tcp_names'];
  const sources = files.map((name) => [`src/sys/sim/files/${name}.ts`, 'export {};\n']);
  assertReported(circles(t, Object.fromEntries(sources)), /take the exception out/);
});

test('the circle check accepts files that share what they import', (t) => {
  assertClean(
    circles(t, {
      'src/util/a.ts': "import './b.js';\nimport './c.js';\n",
      'src/util/b.ts': "import './c.js';\n",
      'src/util/c.ts': 'export {};\n',
    }),
  );
});

test('the size check reports long lines, long files and long C functions', (t) => {
  const wide = `// ${'x'.repeat(98)}\n`;
  const body = '    x++;\n'.repeat(68);
  const outcome = sizes(t, {
    'src/util/wide.ts': wide,
    'test/long.test.ts': '\n'.repeat(601),
    'native/a.c': `int declared(int x,\n    int y);\n\nstatic int f(int x)\n{\n${body}}\n`,
  });
  assertReported(
    outcome,
    /src\/util\/wide\.ts:1: 101 columns/,
    /test\/long\.test\.ts: 601 lines/,
    /native\/a\.c:4: function of 71 lines/,
    /sizes: 3 problem/,
  );
});

test('the size check accepts what is exactly at the limits', (t) => {
  const body = '    x++;\n'.repeat(67);
  assertClean(
    sizes(t, {
      'src/util/wide.ts': `// ${'x'.repeat(97)}\n${'\n'.repeat(399)}`,
      'native/a.c': `static int f(int x)\n{\n${body}}\n\nstatic int g(int x) {\n${body}}\n`,
    }),
  );
});

test('biome reports an import cycle', (t) => {
  const files = {
    'src/util/a.ts': "import { b } from '../sys/b.js';\n\nexport const a = () => b;\n",
    'src/sys/b.ts': "import { a } from '../util/a.js';\n\nexport const b = () => a;\n",
  };
  assertReported(biome(t, files), /noImportCycles/);
});

test('biome reports a function of more than 70 lines', (t) => {
  const text = `export function f(): void {\n${'  f();\n'.repeat(69)}}\n`;
  assertReported(biome(t, { 'src/util/a.ts': text }), /noExcessiveLinesPerFunction/);
});

const LINT: [rule: string, text: string][] = [
  ['noExplicitAny', 'export const a = (x: any): unknown => x;\n'],
  ['noUnusedVariables', 'const a = 1;\n'],
  ['noUnusedImports', "import { join } from 'node:path';\n"],
  ['noNonNullAssertion', 'export const a = (x?: string): string => x!;\n'],
  ['noFloatingPromises', 'async function f(): Promise<void> {}\n\nf();\n'],
  ['useNodejsImportProtocol', "import { join } from 'path';\n\nexport const a = join('a');\n"],
  ['format', 'export const a   =   1;\n'],
];

for (const [rule, text] of LINT) {
  test(`biome reports ${rule}`, (t) => {
    assertReported(biome(t, { 'src/util/a.ts': text }), new RegExp(rule));
  });
}

test('biome accepts a clean file', (t) => {
  assertClean(biome(t, { 'src/util/a.ts': 'export const a: readonly number[] = [1];\n' }));
});

test('the type check reports an undefined that was not ruled out', (t) => {
  const text = 'export const f = (list: string[]): string => list[0];\n';
  assertReported(types(t, { 'src/util/a.ts': text }), /src\/util\/a\.ts.*TS2322/);
});

test('the type check covers tests and knows what #internal exports', (t) => {
  const files = {
    'src/util/a.ts': 'export const a: number = 1;\n',
    'test/a.test.ts': "import { a } from '#internal/util/a';\n\nexport const b: string = a;\n",
  };
  assertReported(types(t, files), /test\/a\.test\.ts.*TS2322/);
});

/** What a program reaches from the exported function: an option, and a class with a property. */
const declaration = (option: string, property: string, more = ''): string => `
interface Options {
  ${option}
  size?: number;
}
declare class Thing {
  ${property}
  colour: string;
  private hidden;
  _inner: number;
  /** @internal */
  own: number;
  ${more}
}
/** Makes one. */
export declare function make(options: Options): Thing;
`;

test('the documentation check accepts what has a text, and what no program is to use', (t) => {
  assertClean(documented(t, declaration('/** In bytes. */', '/** Red or blue. */')));
});

test('the documentation check reports exports, options and properties without a text', (t) => {
  assertReported(documented(t, declaration('', '/** Red. */')), /Options\.size has no text/);
  assertReported(documented(t, declaration('/** Bytes. */', '')), /Thing\.colour has no text/);
  const more = 'paint(): void;';
  const method = documented(t, declaration('/** Bytes. */', '/** Red. */', more));
  assertReported(method, /Thing\.paint has no text/);
  assertReported(documented(t, 'export declare const a: number;'), /a has no text/);
});
