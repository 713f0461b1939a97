// The contract's rows (docs/CONTRACT.md), their tests, and how these are run.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { listFiles, projectRoot } from './files.mjs';

const CONTRACT = 'docs/CONTRACT.md';
const TESTS = 'test';

/** `[cell, cell, …]` of each line of a table in `text` whose first cell is a row's id. */
function tableLines(text) {
  return text
    .split('\n')
    .filter((line) => /^\| C\d{3}/.test(line))
    .map((line) => line.slice(1, -1).split(' | '))
    .map((cells) => cells.map((cell) => cell.trim()));
}

/** `[{id, statement, todo}]`; `todo` says what is not tested yet: '' where everything is. */
export function readRows(root = projectRoot) {
  const [table, pending = ''] = readFileSync(join(root, CONTRACT), 'utf8').split(
    '\n## Not tested yet\n',
  );
  const todos = new Map(
    tableLines(pending).map(([id, what, why]) => [id, { all: what === 'all', what, why }]),
  );
  return tableLines(table).map(([name, statement]) => {
    const id = name.slice(0, 4);
    return { id, statement, todo: todos.get(id) ?? null };
  });
}

/** The ids among the arguments; all rows where there are none. Ends the program on a wrong one. */
export function selectRows(rows, argv) {
  const wrong = argv.filter((id) => !rows.some((row) => row.id === id));
  if (wrong.length > 0) {
    console.error(`no such row: ${wrong.join(', ')}`);
    process.exit(2);
  }
  return argv.length === 0 ? rows : rows.filter(({ id }) => argv.includes(id));
}

/** The compiled test files that have tests of one of these rows. */
export function testFilesOf(ids, root = projectRoot) {
  return listFiles(root, TESTS)
    .filter((path) => path.endsWith('.test.ts'))
    .filter((path) => {
      const text = readFileSync(join(root, path), 'utf8');
      return ids.some((id) => new RegExp(`['\`]${id} `).test(text));
    })
    .map((path) => join('build', path.replace(/\.ts$/, '.js')));
}

function collect(stream) {
  let text = '';
  stream.setEncoding('utf8').on('data', (part) => {
    text += part;
  });
  return () => text;
}

/**
 * Runs the tests of these rows as `root` has them compiled. Returns `{results, errors}`: what each
 * test gave, and what was printed besides.
 */
export function runRows(ids, { root = projectRoot, env = {}, timeoutMs = 300_000 } = {}) {
  const files = testFilesOf(ids, root);
  if (files.length === 0) return Promise.resolve({ results: [], errors: '' });
  const child = spawn(
    process.execPath,
    [
      '--enable-source-maps',
      '--test',
      '--test-concurrency=2',
      `--test-timeout=${timeoutMs}`,
      `--test-name-pattern=/^(${ids.join('|')}) /`,
      `--test-reporter=${join(projectRoot, 'scripts/lib/row-reporter.mjs')}`,
      ...files,
    ],
    { cwd: root, env: { ...process.env, ...env } },
  );
  const output = collect(child.stdout);
  const errors = collect(child.stderr);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', () => resolve({ results: resultsIn(output()), errors: errors() }));
  });
}

function resultsIn(output) {
  return output
    .split('\n')
    .filter((line) => line.startsWith('{"name"'))
    .map((line) => JSON.parse(line))
    .map((result) => ({ ...result, row: /^(C\d{3}) /.exec(result.name)?.[1] ?? null }))
    .filter(({ skipped }) => !skipped);
}
