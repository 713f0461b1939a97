// The tests of Node's tree that are about `net`, and what may be expected of each.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const FOLDERS = ['parallel', 'sequential', 'pummel'];
export const NET_TESTS = /^test-net-.*\.(js|mjs|cjs)$/;
const HEADER_CHARACTERS = 3000;
const CLASSIFICATION = new URL('classification.json', import.meta.url);

export function readClassification() {
  return JSON.parse(readFileSync(CLASSIFICATION, 'utf8'));
}

export { CLASSIFICATION };

/** Whether `version` is in a range such as '<22' or '>=24' of majors. */
function inRange(version, range) {
  const [, sign, text] = /^(<|>=)(\d+)$/.exec(range) ?? [];
  if (sign === undefined) throw new Error(`classification.json: no such range: ${range}`);
  const major = Number.parseInt(version, 10);
  return sign === '<' ? major < Number(text) : major >= Number(text);
}

/** `{class, code, reason, weak, timeoutMs}` of a test on this machine and this Node. */
function expectation(entry, { version, facts }) {
  if (entry === undefined) return { class: 'strict' };
  if (entry.needs !== undefined && !facts[entry.needs]) {
    const reason = `this machine lacks: ${entry.needs}`;
    return { ...entry, class: 'excluded', code: 'environment', reason };
  }
  if (entry.node === undefined || inRange(version, entry.node))
    return { class: 'strict', ...entry };
  return { class: 'strict', weak: entry.weak, timeoutMs: entry.timeoutMs };
}

/** The words behind `// Flags:` or `// Env:` at a test's beginning. */
function header(text, name) {
  const line = new RegExp(`^// ${name}:[ \\t]+(\\S.*)$`, 'm').exec(text);
  return line === null ? [] : line[1].trim().split(/\s+/);
}

/** What a test asks of the process that runs it. */
function needsOf(path) {
  const text = readFileSync(path, 'utf8');
  const head = text.slice(0, HEADER_CHARACTERS);
  return {
    flags: header(head, 'Flags'),
    env: Object.fromEntries(header(head, 'Env').map((pair) => pair.split('='))),
    // printSkipMessage() says that a part is skipped; skip() ends the test.
    goesOnPastSkip: /printSkipMessage\(/.test(text) && !/common\.skip\(/.test(text),
  };
}

/** All tests, those of test/parallel first. `about` is `{version, facts, names, extra, filter}`. */
export function listTests(tree, about) {
  const { tests, extra } = readClassification();
  const own = FOLDERS.flatMap((folder) => {
    const names = readdirSync(join(tree, 'test', folder)).filter((name) => about.names.test(name));
    return names.sort().map((name) => `${folder}/${name}`);
  });
  const missing = Object.keys(tests).filter((file) => !existsSync(join(tree, 'test', file)));
  for (const file of missing) console.error(`classification.json names ${file}: not in the tree`);
  const wanted = [
    ...own.map((file) => ({ file, isExtra: false })),
    ...(about.extra ? extra.map((file) => ({ file, isExtra: true })) : []),
  ];
  return wanted
    .filter(({ file }) => about.filter === undefined || about.filter.test(file))
    .map((test) => ({
      ...test,
      // Only those of test/parallel may share the machine with others.
      isAlone: dirname(test.file) !== 'parallel',
      ...expectation(about.names === NET_TESTS ? tests[test.file] : undefined, about),
      ...needsOf(join(tree, 'test', test.file)),
    }));
}
