// `npm run entries`: writes the entry points of `barewire/node` from those of `barewire`. The two
// differ in the profile and in their names only, so each text stands once. `npm run check` runs it
// with --check, which fails where a written file is not what it would write.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { projectRoot } from './lib/files.mjs';

const require = createRequire(import.meta.url);
const biome = join(dirname(require.resolve('@biomejs/biome/package.json')), 'bin/biome');

/** From → to, in src. */
const FILES = {
  'index.ts': 'node.ts',
  'index.mts': 'node.mts',
  'promises.ts': 'node_promises.ts',
  'promises.mts': 'node_promises.mts',
};

/** What is different in the written files. Each stands in one of them at least. */
const CHANGES = [
  ['`barewire`: the manual profile', '`barewire/node`: the node profile'],
  ['`barewire/promises`', '`barewire/node/promises`'],
  ['manualProfile', 'nodeProfile'],
  ["'./index.js'", "'./node.js'"],
  ["'./promises.js'", "'./node_promises.js'"],
];

/** As the formatter has it: the order of imports depends on their names. */
function formatted(text, path) {
  const args = [biome, 'check', '--write', `--stdin-file-path=${path}`];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    input: text,
    encoding: 'utf8',
    cwd: projectRoot,
  });
  if (status !== 0) throw new Error(`${path} can not be formatted: ${stderr}`);
  return stdout;
}

const used = new Set();

function written(from) {
  let text = readFileSync(join(projectRoot, 'src', from), 'utf8');
  for (const [here, there] of CHANGES) {
    if (!text.includes(here)) continue;
    used.add(here);
    text = text.replaceAll(here, there);
  }
  return text;
}

const isCheck = process.argv.includes('--check');
for (const [from, to] of Object.entries(FILES)) {
  const path = join('src', to);
  const text = formatted(written(from), path);
  if (!isCheck) {
    writeFileSync(join(projectRoot, path), text);
  } else if (readFileSync(join(projectRoot, path), 'utf8') !== text) {
    console.error(`${path} is not what src/${from} makes it: npm run entries`);
    process.exitCode = 1;
  }
}
for (const [here] of CHANGES) {
  if (!used.has(here)) throw new Error(`no entry point has ${here}`);
}
