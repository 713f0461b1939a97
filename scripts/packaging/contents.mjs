// node scripts/packaging/contents.mjs ARCHIVE: what the packed package has in it. Prints its size
// and what it consists of; fails where it has grown past the limits below, where a link leads out
// of it, and where package.json has what a user has no use for.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { listFiles } from '../lib/files.mjs';
import { linkedFiles } from '../lib/links.mjs';

/** Raise these on purpose, and say in the commit what for. */
const LIMITS = { packedKb: 720, unpackedKb: 3050, files: 860 };
const ONLY_IN_A_CLONE = ['scripts', 'devDependencies', 'imports'];
const ONLY_IF_KNOWN = ['repository', 'homepage', 'bugs'];
const NEEDED = ['README.md', 'LICENSE', 'CHANGELOG.md', 'docs/SWITCHING.md', 'native/barewire.c'];

const kb = (bytes) => Math.ceil(bytes / 1000);

function kindOf(file) {
  const [top] = file.split('/');
  if (top === 'dist') return `dist, ${/\.d\.m?ts$/.test(file) ? '.d.ts' : extname(file)}`;
  return file.includes('/') ? top : 'beside them';
}

function printKinds(root, files) {
  const kinds = new Map();
  for (const file of files) {
    const kind = kindOf(file);
    const { count = 0, bytes = 0 } = kinds.get(kind) ?? {};
    kinds.set(kind, { count: count + 1, bytes: bytes + statSync(join(root, file)).size });
  }
  for (const [kind, { count, bytes }] of [...kinds].sort((a, b) => b[1].bytes - a[1].bytes)) {
    console.log(`${String(kb(bytes)).padStart(6)} kB ${String(count).padStart(4)} files  ${kind}`);
  }
}

function deadLinks(root, files) {
  const there = new Set(files);
  const isThere = (file) => there.has(file) || files.some((each) => each.startsWith(`${file}/`));
  return files
    .filter((file) => file.endsWith('.md'))
    .flatMap((file) =>
      linkedFiles(file, readFileSync(join(root, file), 'utf8'))
        .filter((target) => !isThere(target))
        .map((target) => `${file} links to ${target}, which is not in the package`),
    );
}

function manifestProblems(root, files) {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const useless = ONLY_IN_A_CLONE.filter((field) => field in manifest);
  const unknown = ONLY_IF_KNOWN.filter((field) => field in manifest);
  const commands = Object.values(manifest.bin ?? {}).filter((file) => !files.includes(file));
  return [
    ...useless.map((field) => `package.json has ${field}, of which a user has no use`),
    ...unknown.map((field) => `package.json has ${field}, which nobody knows yet`),
    ...commands.map((file) => `the command ${file} is not in the package`),
    ...files
      .filter((file) => file.endsWith('binding.gyp'))
      .map((file) => `${file} makes npm build`),
  ];
}

function check(archive, root) {
  execFileSync('tar', ['-xzf', archive, '--strip-components', '1', '-C', root]);
  const files = listAll(root);
  const unpacked = files.reduce((sum, file) => sum + statSync(join(root, file)).size, 0);
  const is = {
    packedKb: kb(statSync(archive).size),
    unpackedKb: kb(unpacked),
    files: files.length,
  };
  console.log(`${is.packedKb} kB packed, ${is.unpackedKb} kB unpacked, ${is.files} files`);
  printKinds(root, files);
  return [
    ...Object.entries(LIMITS)
      .filter(([what, limit]) => is[what] > limit)
      .map(([what, limit]) => `${what} is ${is[what]}, over the limit of ${limit}`),
    ...NEEDED.filter((file) => !files.includes(file)).map((file) => `${file} is missing`),
    ...deadLinks(root, files),
    ...manifestProblems(root, files),
  ];
}

/** `listFiles` leaves out folders of a clone by their names, and `dist` is one. */
function listAll(root) {
  return [...listFiles(root, ''), ...listFiles(root, 'dist'), ...listFiles(root, 'build')];
}

const [archive] = process.argv.slice(2);
if (archive === undefined) throw new Error('contents.mjs ARCHIVE');
const root = mkdtempSync(join(tmpdir(), 'bw-contents-'));
try {
  const problems = check(archive, root);
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) process.exitCode = 1;
} finally {
  rmSync(root, { recursive: true, force: true });
}
