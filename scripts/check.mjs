// `npm run check`: everything that can be checked without running the library.
// Each step runs whatever the ones before it said. `npm run check -- layers sizes` picks some.
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { projectRoot } from './lib/files.mjs';

const require = createRequire(import.meta.url);

/** The JavaScript launcher of a tool among the dev dependencies, so that this Node runs it. */
function tool(name, bin) {
  return join(dirname(require.resolve(`${name}/package.json`)), bin);
}

const STEPS = [
  // Formatting, lint, import cycles, and the length of functions.
  ['biome', tool('@biomejs/biome', 'bin/biome'), 'check', '--error-on-warnings'],
  // Types of src and test. It also brings dist/ and build/ up to date, which makes it incremental.
  ['types', tool('typescript', 'bin/tsc'), '-b'],
  // Needs dist/, which the step before has made.
  ['documented', 'scripts/check/documented.mjs'],
  ['entries', 'scripts/entries.mjs', '--check'],
  ['layers', 'scripts/check/layers.mjs'],
  ['circles', 'scripts/check/circles.mjs'],
  ['doc-paths', 'scripts/check/doc-paths.mjs'],
  ['sizes', 'scripts/check/sizes.mjs'],
  ['snippets', 'scripts/check/snippets.mjs'],
  ['prebuilds', 'scripts/native/check-prebuilds.mjs'],
];

function run([name, ...args]) {
  const start = performance.now();
  const result = spawnSync(process.execPath, args, { cwd: projectRoot, stdio: 'inherit' });
  if (result.error) throw result.error;
  const ok = result.status === 0;
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`${ok ? 'ok    ' : 'FAILED'} ${name} (${seconds} s)`);
  return ok;
}

function selectedSteps(names) {
  for (const name of names) {
    if (STEPS.some((step) => step[0] === name)) continue;
    console.error(`no step '${name}'; there are: ${STEPS.map((step) => step[0]).join(', ')}`);
    process.exit(2);
  }
  return names.length === 0 ? STEPS : STEPS.filter((step) => names.includes(step[0]));
}

const failed = selectedSteps(process.argv.slice(2)).filter((step) => !run(step));
if (failed.length > 0) {
  console.error(`check failed: ${failed.map((step) => step[0]).join(', ')}`);
  process.exitCode = 1;
}
