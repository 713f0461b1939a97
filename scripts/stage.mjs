// `node scripts/stage.mjs FOLDER`: the package as it is published, from a built checkout. The
// modules of the core are put into one file, so that `require('barewire')` opens one and not
// seventy; each of them stays where it was as a line that takes its exports from there. What a
// server does without runs, and is compiled, when it is first used. It is in the same file all the
// same: one that is opened later could not be where the process has no descriptor left.
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, posix, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const projectRoot = fileURLToPath(new URL('..', import.meta.url));
const ENTRIES = ['index.js', 'node.js'];
const TOGETHER = 'together.js';
const REQUIRE = /\brequire\("(\.{1,2}\/[^"]+)"\)/g;
const IMPORT = /^const (\w+) = load\("([^"]+)"\);$/gm;

/** What modules take each other by must mean the same in all of them. */
const OWN_LOAD = /(?:\b(?:function\*?|const|let|var|class)\s+|[({,]\s*)load\b/;

/** A comment that has its lines to itself. */
const COMMENT = /^[ \t]*(?:\/\*\*[\s\S]*?\*\/|\/\/.*)$/gm;

/**
 * Run when they are first used, as is what only they need. Nothing of theirs may be used while
 * other modules load, nor for each message.
 */
const LATE = new Set([
  'net/block_list.js',
  'net/bound_socket.js',
  'net/connect_new.js',
  'net/connection_iterator.js',
  'net/socket_address.js',
  'net/socket_connect.js',
  'net/socket_pipe.js',
]);
const MAP_COMMENT = /\n\/\/# sourceMappingURL=.*\s*$/;

/** What stands behind the modules. */
const TAIL = [
  '};',
  'const loaded = {};',
  'function load(name) {',
  '  const found = loaded[name];',
  '  if (found !== undefined) return found.exports;',
  '  const module = { exports: {} };',
  '  loaded[name] = module;',
  '  try {',
  '    modules[name](module.exports, module);',
  '  } catch (error) {',
  '    delete loaded[name];',
  '    throw error;',
  '  }',
  '  return module.exports;',
  '}',
  'module.exports = load;',
];

/** What goes along besides `files` of package.json, as `npm pack` has it. */
const ALWAYS = ['package.json', 'README.md', 'LICENSE', 'CHANGELOG.md'];

/** The modules of `dist` in the order they are met, each with its text and what it wants. */
function modulesFrom(dist) {
  const modules = new Map();
  const visit = (name) => {
    if (modules.has(name)) return;
    const module = { text: '', wanted: [] };
    modules.set(name, module);
    const compiled = readFileSync(join(dist, name), 'utf8');
    if (OWN_LOAD.test(compiled)) throw new Error(`${name} has a \`load\` of its own`);
    const text = compiled.replace(MAP_COMMENT, '\n').replace(REQUIRE, (_, target) => {
      const found = posix.join(posix.dirname(name), target);
      module.wanted.push(found);
      return `load(${JSON.stringify(found)})`;
    });
    module.text = withoutComments(name, withLateImports(text));
    for (const found of module.wanted) visit(found);
  };
  for (const entry of ENTRIES) visit(entry);
  return modules;
}

/** Loading is a millisecond shorter without them. Their lines stay, for the source map. */
function withoutComments(name, text) {
  const bare = text.replace(COMMENT, (comment) => '\n'.repeat(comment.split('\n').length - 1));
  // What looks like a comment there is text.
  const open = bare.split('\n').find((line) => (line.match(/`/g) ?? []).length % 2 === 1);
  if (open !== undefined) throw new Error(`${name}: a template over several lines: ${open}`);
  return bare;
}

/** Where a late module was imported it is now loaded at each use; no line is added or taken. */
function withLateImports(text) {
  let changed = text;
  for (const [line, name, target] of text.matchAll(IMPORT)) {
    if (!LATE.has(target)) continue;
    changed = changed
      .replace(line, '')
      .replace(new RegExp(`\\b${name}\\b`, 'g'), `(load(${JSON.stringify(target)}))`);
  }
  return changed;
}

/** What the entries come to without a late module. */
function earlyOf(modules) {
  const early = new Set(ENTRIES);
  for (const name of early) {
    for (const wanted of modules.get(name).wanted) if (!LATE.has(wanted)) early.add(wanted);
  }
  return early;
}

/**
 * The file with all of them, and the index map that leads back to their sources. Node wants a list
 * of sources in it as well, which may be empty. V8 compiles a function in parentheses at once.
 */
function together(dist, modules) {
  const early = earlyOf(modules);
  const sections = [];
  const lines = ['"use strict";', 'const modules = {'];
  for (const [name, { text }] of modules) {
    const [open, close] = early.has(name) ? ['(', ')'] : ['', ''];
    lines.push(`${JSON.stringify(name)}: ${open}function (exports, module) {`);
    const map = join(dist, `${name}.map`);
    if (existsSync(map)) {
      const parsed = JSON.parse(readFileSync(map, 'utf8'));
      const folder = posix.dirname(name);
      parsed.sources = parsed.sources.map((source) => posix.join(folder, source));
      sections.push({ offset: { line: lines.length, column: 0 }, map: parsed });
    }
    lines.push(...text.trimEnd().split('\n'), `}${close},`);
  }
  lines.push(...TAIL, `//# sourceMappingURL=${TOGETHER}.map`, '');
  return { text: lines.join('\n'), map: { version: 3, sources: [], sections } };
}

/** What remains of a module that is in the file with the others. */
function stub(name) {
  const up = relative(dirname(name), TOGETHER);
  const target = up.startsWith('.') ? up : `./${up}`;
  const [file, module] = [target, name].map((each) => JSON.stringify(each));
  return `"use strict";\nmodule.exports = require(${file})(${module});\n`;
}

/** Puts the package as it is published into `folder`. */
export function stage(folder) {
  const { files } = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8'));
  mkdirSync(folder, { recursive: true });
  for (const name of new Set([...ALWAYS, ...files])) {
    if (name.startsWith('!') || !existsSync(join(projectRoot, name))) continue;
    cpSync(join(projectRoot, name), join(folder, name), { recursive: true });
  }
  const dist = join(folder, 'dist');
  const modules = modulesFrom(dist);
  for (const name of LATE) if (!modules.has(name)) throw new Error(`there is no ${name}`);
  const { text, map } = together(dist, modules);
  writeFileSync(join(dist, TOGETHER), text);
  writeFileSync(join(dist, `${TOGETHER}.map`), JSON.stringify(map));
  for (const name of modules.keys()) writeFileSync(join(dist, name), stub(name));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [folder] = process.argv.slice(2);
  if (folder === undefined) throw new Error('stage.mjs FOLDER');
  stage(folder);
}
