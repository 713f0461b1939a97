// `npm run sim:coverage [-- --seeds 300]`: which lines of the library the simulation alone runs.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { projectRoot } from './lib/files.mjs';

const FOLDERS = ['reactor', 'transport', 'dial', 'net'];
const UNCOVERED_SHOWN = 12;
const program = join(projectRoot, 'build/test/sim/workload/main.js');

function collect() {
  const folder = mkdtempSync(join(tmpdir(), 'barewire-coverage-'));
  const argv = process.argv.length > 2 ? process.argv.slice(2) : ['--seeds', '300'];
  const { status } = spawnSync(process.execPath, [program, ...argv], {
    cwd: projectRoot,
    env: { ...process.env, NODE_V8_COVERAGE: folder },
    stdio: 'inherit',
  });
  if (status !== 0) throw new Error(`the simulation ended with ${status}`);
  const scripts = readdirSync(folder).flatMap(
    (name) => JSON.parse(readFileSync(join(folder, name), 'utf8')).result,
  );
  rmSync(folder, { recursive: true });
  return scripts;
}

/** The lines of a compiled file that hold code, and whether each was run. */
function linesOf(path, functions) {
  const text = readFileSync(path, 'utf8');
  const ran = new Uint8Array(text.length).fill(1);
  for (const { ranges } of functions) {
    for (const { startOffset, endOffset, count } of ranges) {
      ran.fill(count > 0 ? 1 : 0, startOffset, endOffset);
    }
  }
  const lines = [];
  let at = 0;
  for (const [index, line] of text.split('\n').entries()) {
    const first = at + line.search(/\S/);
    at += line.length + 1;
    if (!/[A-Za-z]/.test(line) || /^\s*(\/\/|\/?\*)/.test(line)) continue;
    lines.push({ number: index + 1, ran: ran[first] === 1, line: line.trim() });
  }
  return lines;
}

const files = new Map();
for (const { url, functions } of collect()) {
  if (!url.startsWith('file:')) continue;
  const path = fileURLToPath(url);
  const folder = FOLDERS.find((name) => path.startsWith(join(projectRoot, 'dist', name, '/')));
  if (folder !== undefined) files.set(path, { folder, lines: linesOf(path, functions) });
}

const percent = (part, whole) => `${((100 * part) / Math.max(whole, 1)).toFixed(1)} %`;
const missed = [];
for (const folder of FOLDERS) {
  const all = [...files].filter(([, file]) => file.folder === folder);
  const lines = all.flatMap(([, file]) => file.lines);
  const ran = lines.filter((line) => line.ran).length;
  console.log(
    `| ${folder} | ${all.length} files | ${lines.length} lines | ${percent(ran, lines.length)} |`,
  );
  for (const [path, file] of all) {
    const left = file.lines.filter((line) => !line.ran);
    missed.push({
      name: relative(join(projectRoot, 'dist'), path),
      left: left.length,
      of: file.lines.length,
    });
  }
}
missed.sort((a, b) => b.left - a.left);
console.log('\nmost lines not run:');
for (const { name, left, of } of missed.slice(0, UNCOVERED_SHOWN)) {
  console.log(`  ${name}: ${left} of ${of}`);
}
