// Fails where a document, or a script, names a file or folder of this repository that is not there:
// in words (`test/net/listen`, also with `*`) or by a link.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { listFiles, report, rootFromArguments } from '../lib/files.mjs';
import { linkedFiles } from '../lib/links.mjs';

/** A path from the repository's root on. One that begins elsewhere has something before it. */
const PATH = /(?<![\w./-])(?:test|src|scripts|bench|examples|docs|native)\/[\w*./-]*[\w*/]/g;
/** Of a script only the files of tests: what else it names may be something it makes. */
const TEST_FILE = /(?<![\w./-])test\/[\w*./-]*\.(?:[cm]?[jt]s|json|sh|c)\b/g;

/** What `npm run bench` and the like make. */
const MADE = [/^bench\/(?:results|node_modules)\//];

/** Tells whether a path, which may have `*` for a part of a name, is there. */
function finderOf(root) {
  const files = ['test', 'src', 'scripts', 'bench', 'examples', 'docs', 'native'].flatMap(
    (folder) => listFiles(root, folder),
  );
  return (path) => {
    if (!path.includes('*')) return existsSync(join(root, path));
    const parts = path.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
    const pattern = new RegExp(`^${parts.join('[^/]*')}$`);
    return files.some((file) => pattern.test(file));
  };
}

function lineOf(text, at) {
  return text.slice(0, at).split('\n').length;
}

function problemsIn(path, text, pattern, isThere) {
  const problems = [];
  for (const { 0: named, index } of text.matchAll(pattern)) {
    if (isThere(named) || MADE.some((made) => made.test(named))) continue;
    problems.push(`${path}:${lineOf(text, index)}: there is no ${named}`);
  }
  return problems;
}

const root = rootFromArguments();
const isThere = finderOf(root);
const read = (path) => readFileSync(join(root, path), 'utf8');
const documents = ['README.md', ...listFiles(root, 'docs')].filter(
  (path) => path.endsWith('.md') && existsSync(join(root, path)),
);
const scripts = listFiles(root, 'scripts').filter((path) => path.endsWith('.mjs'));
const problems = [
  ...documents.flatMap((path) => problemsIn(path, read(path), PATH, isThere)),
  ...documents.flatMap((path) =>
    linkedFiles(path, read(path))
      .filter((target) => !isThere(target))
      .map((target) => `${path}: links to ${target}, which is not there`),
  ),
  ...scripts.flatMap((path) => problemsIn(path, read(path), TEST_FILE, isThere)),
];
report('doc-paths', problems, `${documents.length} documents name only files that are there`);
