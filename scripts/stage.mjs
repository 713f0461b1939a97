// `node scripts/stage.mjs FOLDER`: the package as it is published, from a built checkout. The
// modules of the core are put into one file, so that `require('barewire')` opens one and not
// seventy; each of them stays where it was as a line that takes its exports from there. What a
// server does without runs, and is compiled, when it is first used. It is in the same file all the
// same: one that is opened later could not be where the process has no descriptor left. What only
// runs where the native file does not load stays outside.
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, posix, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { listFiles } from './lib/files.mjs';
import { withoutDeadLinks } from './lib/links.mjs';
import { flatten } from './lib/source-map.mjs';

const projectRoot = fileURLToPath(new URL('..', import.meta.url));
const ENTRIES = ['index.js', 'node.js'];
const TOGETHER = 'together.js';
const REQUIRE = /\brequire\(["'](\.{1,2}\/[^"']+)["']\)/g;
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
  'net/addresses/block_list.js',
  'net/addresses/bound_socket.js',
  'net/socket/connect_new.js',
  'net/server/connection_iterator.js',
  'net/addresses/socket_address.js',
  'net/socket/connect.js',
  'net/socket/pipe.js',
]);

/** Not on Linux, or only to say what is wrong there. */
const OUTSIDE = new Set([
  'fallback/announce.js',
  'fallback/net.js',
  'sys/asset.js',
  'sys/unsupported.js',
]);

/**
 * Node's own modules, past `require`, which a bundle that is an ES module does not have. The hook
 * is in the way of both; it keeps the real `net`.
 */
const BUILTIN = /\brequire\(["'](node:[\w/]+)["']\)/g;
const REAL_NET = 'globalThis[Symbol.for("barewire.register")]?.builtin ?? ';
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
      if (OUTSIDE.has(found)) return `require("./${found}")`;
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
 * The file with all of them, and the map that leads back to their sources. V8 compiles a function
 * in parentheses at once.
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
      sections.push({ line: lines.length, map: parsed });
    }
    lines.push(...text.trimEnd().split('\n'), `}${close},`);
  }
  lines.push(...TAIL, `//# sourceMappingURL=${TOGETHER}.map`, '');
  return { text: lines.join('\n'), map: flatten(sections) };
}

/** What remains of a module that is in the file with the others. */
function stub(name) {
  const up = relative(dirname(name), TOGETHER);
  const target = up.startsWith('.') ? up : `./${up}`;
  const [file, module] = [target, name].map((each) => JSON.stringify(each));
  return `"use strict";\nmodule.exports = require(${file})(${module});\n`;
}

/** Writes the file with the core's modules, and leaves of those what other files ask for. */
function putTogether(dist) {
  const modules = modulesFrom(dist);
  for (const name of LATE) if (!modules.has(name)) throw new Error(`there is no ${name}`);
  const { text, map } = together(dist, modules);
  writeFileSync(join(dist, TOGETHER), text);
  writeFileSync(join(dist, `${TOGETHER}.map`), JSON.stringify(map));
  const asked = new Set(ENTRIES);
  for (const name of listFiles(dist, '').filter((each) => /\.m?js$/.test(each))) {
    if (modules.has(name)) continue;
    for (const [, target] of readFileSync(join(dist, name), 'utf8').matchAll(RELATIVE)) {
      asked.add(posix.join(posix.dirname(name), target));
    }
  }
  for (const name of modules.keys()) {
    rmSync(join(dist, `${name}.map`), { force: true });
    if (asked.has(name)) writeFileSync(join(dist, name), stub(name));
    else rmSync(join(dist, name));
  }
}

/** Any way in which one file names another. */
const RELATIVE = /(?:\brequire\(|\bfrom |\bimport |\bimport\()["'](\.{1,2}\/[^"']+)["']/g;

/** Lets every file have Node's own modules without `require`; see BUILTIN. */
function withoutRequire(dist) {
  for (const name of listFiles(dist, '').filter((each) => each.endsWith('.js'))) {
    const text = readFileSync(join(dist, name), 'utf8');
    const changed = text.replace(BUILTIN, (whole, id) => {
      const real = id === 'node:net' ? REAL_NET : '';
      return `(${real}process.getBuiltinModule?.("${id}") ?? ${whole})`;
    });
    if (changed !== text) writeFileSync(join(dist, name), changed);
  }
}

/** package.json without what only a clone has a use for. */
function publishedManifest() {
  const manifest = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8'));
  const { scripts: _, devDependencies: __, imports: ___, ...published } = manifest;
  return published;
}

/** Links to what only a clone has are words there, and its pictures are left out. */
function keepLinksInside(folder) {
  for (const name of listFiles(folder, '').filter((each) => each.endsWith('.md'))) {
    const file = join(folder, name);
    const isThere = (target) => existsSync(join(folder, target));
    writeFileSync(file, withoutDeadLinks(name, readFileSync(file, 'utf8'), isThere));
  }
}

/** Puts the package as it is published into `folder`. */
export function stage(folder) {
  const manifest = publishedManifest();
  mkdirSync(folder, { recursive: true });
  for (const name of new Set([...ALWAYS, ...manifest.files])) {
    if (name.startsWith('!') || !existsSync(join(projectRoot, name))) continue;
    cpSync(join(projectRoot, name), join(folder, name), { recursive: true });
  }
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  const dist = join(folder, 'dist');
  putTogether(dist);
  withoutRequire(dist);
  keepLinksInside(folder);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [folder] = process.argv.slice(2);
  if (folder === undefined) throw new Error('stage.mjs FOLDER');
  stage(folder);
}
