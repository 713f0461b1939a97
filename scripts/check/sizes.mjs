// Fails on files of more than 600 lines, lines of more than 100 columns, and C functions of more
// than 70 lines. (Functions in TypeScript and JavaScript are held to 70 lines by Biome.)
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { listFiles, report, rootFromArguments } from '../lib/files.mjs';

const FOLDERS = ['src', 'native', 'test', 'scripts', 'bench', '.ci'];
// A class is not cut in two to stay below it: where a whole thing is longer, this is raised.
const FILE_LINES_MAX = 600;
// The native file is one by decision; this holds it where it is.
const NATIVE_LINES_MAX = 949;
const FUNCTION_LINES_MAX = 70;
const COLUMNS_MAX = 100;

const isText = (path) => /\.([cm]?[jt]s|[ch]|sh)$/.test(path) || path === '.ci/run';
const isC = (path) => /\.[ch]$/.test(path);

function problemsInLines(path, lines) {
  const problems = [];
  const linesMax = path.endsWith('.c') ? NATIVE_LINES_MAX : FILE_LINES_MAX;
  if (lines.length > linesMax) {
    problems.push(`${path}: ${lines.length} lines, at most ${linesMax} allowed`);
  }
  for (const [index, line] of lines.entries()) {
    const columns = [...line].length;
    if (columns <= COLUMNS_MAX) continue;
    problems.push(`${path}:${index + 1}: ${columns} columns, at most ${COLUMNS_MAX} allowed`);
  }
  return problems;
}

/** `[{start, end}]` by line index: from a signature in the first column to the '}' in the first. */
function functionsOfC(lines) {
  const functions = [];
  let start = -1;
  let inBody = false;
  for (const [end, line] of lines.entries()) {
    if (start === -1 && /^[A-Za-z_][^=]*\(/.test(line)) start = end;
    if (start === -1) continue;
    if (/\{\s*$/.test(line)) inBody = true;
    if (inBody && /^}/.test(line)) functions.push({ start, end });
    // A ';' before any '{' ends a mere declaration.
    if ((inBody && /^}/.test(line)) || (!inBody && /;\s*$/.test(line))) {
      start = -1;
      inBody = false;
    }
  }
  return functions;
}

function problemsInFunctions(path, lines) {
  return functionsOfC(lines)
    .map(({ start, end }) => ({ start, length: end - start + 1 }))
    .filter(({ length }) => length > FUNCTION_LINES_MAX)
    .map(
      ({ start, length }) =>
        `${path}:${start + 1}: function of ${length} lines, at most ${FUNCTION_LINES_MAX} allowed`,
    );
}

function problemsIn(root, path) {
  const lines = readFileSync(join(root, path), 'utf8').replace(/\n$/, '').split('\n');
  const problems = problemsInLines(path, lines);
  return isC(path) ? [...problems, ...problemsInFunctions(path, lines)] : problems;
}

const root = rootFromArguments();
const paths = FOLDERS.flatMap((folder) => listFiles(root, folder)).filter(isText);
report(
  'sizes',
  paths.flatMap((path) => problemsIn(root, path)),
  `${paths.length} files within the limits`,
);
