// Fails when a file imports from a folder that its own folder may not know.
import { readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { listFiles, report, rootFromArguments } from '../lib/files.mjs';
import { importsOf } from '../lib/imports.mjs';
import {
  ALLOWED,
  ENTRIES,
  FORBIDDEN,
  NATIVE_FOLDER,
  NATIVE_SPECIFIER,
  WINGED,
} from './layer-table.mjs';

const isSource = (path) => /\.[cm]?ts$/.test(path);
const isTest = (path) => /\.test\.[cm]?ts$/.test(path) || path.startsWith('test/');
const isRelative = (specifier) => /^\.\.?(\/|$)/.test(specifier);

function layerOf(path) {
  const parts = path.split('/');
  return parts.length === 2 ? ENTRIES : parts[1];
}

/** The folder with wings that a file lies in, its wing there, and how far down that is. */
function placeOf(path) {
  for (const [folder, wings] of WINGED) {
    if (!path.startsWith(`${folder}/`)) continue;
    const named = wings.find(({ files }) => files.includes(path.replace(/js$/, 'ts')));
    const inside = path.slice(folder.length + 1).split('/');
    const wing = named?.wing ?? (inside.length === 1 ? 'face' : inside[0]);
    return { folder, wing, rank: wings.findIndex((line) => line.wing === wing) };
  }
  return undefined;
}

function problemBetweenWings(path, target) {
  const [place, other] = [placeOf(path), placeOf(target)];
  if (place?.folder !== other?.folder || place.rank <= other.rank) return undefined;
  return `${place.wing} may not import from ${other.wing}`;
}

function problemInSource(path, specifier) {
  const layer = layerOf(path);
  if (/^(#internal|barewire)(\/|$)/.test(specifier)) return 'src imports its own files by path';
  if (isRelative(specifier)) return problemInRelative(layer, path, specifier);
  if (NATIVE_SPECIFIER.test(specifier)) return problemWithNative(layer);
  const builtin = specifier.startsWith('node:') ? specifier : `node:${specifier}`;
  const banned = FORBIDDEN.get(layer)?.some((b) => builtin === b || builtin.startsWith(`${b}/`));
  return banned ? `${layer} may not import ${specifier}` : undefined;
}

function problemInRelative(layer, path, specifier) {
  const target = normalize(join(dirname(path), specifier));
  if (!target.startsWith('src/')) {
    return NATIVE_SPECIFIER.test(target) ? problemWithNative(layer) : 'leaves src';
  }
  const other = layerOf(target);
  if (other === layer && placeOf(path) !== undefined) return problemBetweenWings(path, target);
  if (other === layer || ALLOWED.get(layer)?.includes(other)) return undefined;
  return `${layer} may not import from ${other}`;
}

function problemWithNative(layer) {
  return layer === NATIVE_FOLDER ? undefined : `only ${NATIVE_FOLDER} may load the native binding`;
}

/** Tests share the compiled instance in dist, so they never reach into src by path. */
function problemInTest(path, specifier) {
  if (!isRelative(specifier)) return undefined;
  const target = normalize(join(dirname(path), specifier));
  if (target.startsWith('test/')) return undefined;
  return "a test imports 'barewire' or '#internal/…', not files outside test/";
}

function problemsIn(root, path) {
  const problemWith = isTest(path) ? problemInTest : problemInSource;
  const problems = [];
  if (!ALLOWED.has(layerOf(path)) && path.startsWith('src/')) {
    problems.push(`${path}: folder '${layerOf(path)}' is not in the layer table`);
  }
  const place = placeOf(path);
  if (place?.rank === -1) {
    problems.push(`${path}: '${place.wing}' is no wing of ${place.folder} in the layer table`);
  }
  for (const { specifier, line } of importsOf(path, readFileSync(join(root, path), 'utf8'))) {
    const problem = problemWith(path, specifier);
    if (problem) problems.push(`${path}:${line}: '${specifier}': ${problem}`);
  }
  return problems;
}

const root = rootFromArguments();
const paths = [...listFiles(root, 'src'), ...listFiles(root, 'test')].filter(isSource);
report(
  'layers',
  paths.flatMap((path) => problemsIn(root, path)),
  `${paths.length} files keep to the table`,
);
