// Fails when files of src import each other in a circle. Imports of types count too: who reads one
// file of a circle has to read all of them, whether the import exists at run time or not.
import { readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { listFiles, report, rootFromArguments } from '../lib/files.mjs';
import { importsOf } from '../lib/imports.mjs';
import { CIRCLES_ALLOWED } from './circles-allowed.mjs';

/** The source file that a relative specifier means. */
function sourceOf(path, specifier) {
  return normalize(join(dirname(path), specifier)).replace(/\.(m?)js$/, '.$1ts');
}

/** Each file of src with the files of src that it imports. */
function graphOf(root) {
  const paths = listFiles(root, 'src').filter((path) => /\.m?ts$/.test(path));
  const known = new Set(paths);
  return new Map(
    paths.map((path) => {
      const imports = importsOf(path, readFileSync(join(root, path), 'utf8'));
      const targets = imports
        .filter(({ specifier }) => specifier.startsWith('.'))
        .map(({ specifier }) => sourceOf(path, specifier));
      return [path, new Set(targets.filter((target) => known.has(target)))];
    }),
  );
}

/** All files that can be reached from `path`. */
function reachableFrom(graph, path) {
  const reached = new Set();
  const waiting = [...(graph.get(path) ?? [])];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (reached.has(next)) continue;
    reached.add(next);
    waiting.push(...(graph.get(next) ?? []));
  }
  return reached;
}

/** The circles: groups of files of which each can be reached from each. */
function circlesIn(graph) {
  const reached = new Map([...graph.keys()].map((path) => [path, reachableFrom(graph, path)]));
  const grouped = new Set();
  const circles = [];
  for (const [path, targets] of reached) {
    if (grouped.has(path) || !targets.has(path)) continue;
    const circle = [...targets].filter((target) => reached.get(target)?.has(path)).sort();
    for (const member of circle) grouped.add(member);
    circles.push(circle);
  }
  return circles;
}

const root = rootFromArguments();
const graph = graphOf(root);
const circles = circlesIn(graph);
const used = new Set();
const problems = [];
for (const circle of circles) {
  const allowed = CIRCLES_ALLOWED.find(({ files }) => circle.every((file) => files.includes(file)));
  if (allowed === undefined) problems.push(`these import each other: ${circle.join(' ')}`);
  else used.add(allowed);
}
// An exception that nothing needs any more would hide the next circle of these files. The checks'
// own tests have projects without them.
for (const allowed of CIRCLES_ALLOWED) {
  if (used.has(allowed) || !allowed.files.every((file) => graph.has(file))) continue;
  problems.push(`no circle is left of ${allowed.files.join(' ')}: take the exception out`);
}
const kept = used.size === 0 ? '' : `, but for ${used.size} with a reason`;
report('circles', problems, `${graph.size} files of src, none in a circle${kept}`);
