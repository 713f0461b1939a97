// `node scripts/stage.mjs FOLDER`: the package as it is published, from a built checkout. The
// modules that every program loads are put into one file, so that `require('barewire')` opens one
// and not seventy; each of them stays where it was as a line that takes its exports from there.
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, posix, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const projectRoot = fileURLToPath(new URL('..', import.meta.url));
const ENTRIES = ['index.js', 'node.js'];
const TOGETHER = 'together.js';
const REQUIRE = /\brequire\("(\.{1,2}\/[^"]+)"\)/g;
const MAP_COMMENT = /\n\/\/# sourceMappingURL=.*\s*$/;

/** What goes along besides `files` of package.json, as `npm pack` has it. */
const ALWAYS = ['package.json', 'README.md', 'LICENSE', 'CHANGELOG.md'];

function modulesFrom(dist) {
  const sources = new Map();
  const visit = (name) => {
    if (sources.has(name)) return;
    sources.set(name, '');
    const wanted = [];
    const text = readFileSync(join(dist, name), 'utf8')
      .replace(MAP_COMMENT, '\n')
      .replace(REQUIRE, (_, target) => {
        const found = posix.join(posix.dirname(name), target);
        wanted.push(found);
        return `load(${JSON.stringify(found)})`;
      });
    sources.set(name, text);
    for (const found of wanted) visit(found);
  };
  for (const entry of ENTRIES) visit(entry);
  return sources;
}

/**
 * The file with all of them, and the index map that leads back to their sources. Node wants a list
 * of sources in it as well, which may be empty.
 */
function together(dist, sources) {
  const sections = [];
  const lines = ['"use strict";', 'const modules = {'];
  for (const [name, text] of sources) {
    lines.push(`${JSON.stringify(name)}: (function (exports, module) {`);
    const map = join(dist, `${name}.map`);
    if (existsSync(map)) {
      const parsed = JSON.parse(readFileSync(map, 'utf8'));
      const folder = posix.dirname(name);
      parsed.sources = parsed.sources.map((source) => posix.join(folder, source));
      sections.push({ offset: { line: lines.length, column: 0 }, map: parsed });
    }
    lines.push(...text.trimEnd().split('\n'), '}),');
  }
  lines.push(
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
    `//# sourceMappingURL=${TOGETHER}.map`,
    '',
  );
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
  const sources = modulesFrom(dist);
  const { text, map } = together(dist, sources);
  writeFileSync(join(dist, TOGETHER), text);
  writeFileSync(join(dist, `${TOGETHER}.map`), JSON.stringify(map));
  for (const name of sources.keys()) writeFileSync(join(dist, name), stub(name));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [folder] = process.argv.slice(2);
  if (folder === undefined) throw new Error('stage.mjs FOLDER');
  stage(folder);
}
