// Runs seeds of the simulation: `npm run sim -- --seeds 20000`, `npm run sim -- --seed 7 --trace`.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { projectRoot } from './lib/files.mjs';

const program = join(projectRoot, 'build/test/sim/workload/main.js');
const flags = ['--enable-source-maps', '--expose-gc'];
const { status, error } = spawnSync(
  process.execPath,
  [...flags, program, ...process.argv.slice(2)],
  { cwd: projectRoot, stdio: 'inherit' },
);
if (error) throw error;
process.exitCode = status ?? 1;
