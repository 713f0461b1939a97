// Lists and reads the project's files for the checks and the test runner.
import { existsSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's root, whatever the working directory is. */
export const projectRoot = fileURLToPath(new URL('../..', import.meta.url));

const SKIPPED = new Set(['node_modules', 'dist', 'build', '.cache', '.git']);

/** Sorted paths, relative to `root`, of the files under `folder`; none if there is no folder. */
export function listFiles(root, folder) {
  const top = join(root, folder);
  if (!existsSync(top)) return [];
  const found = [];
  for (const entry of readdirSync(top, { withFileTypes: true })) {
    if (SKIPPED.has(entry.name)) continue;
    const path = join(top, entry.name);
    if (entry.isDirectory()) found.push(...listFiles(root, relative(root, path)));
    else if (entry.isFile()) found.push(relative(root, path));
  }
  return found.sort();
}

/** The folder to check: `--root DIR`, else the project. The checks' own tests use it. */
export function rootFromArguments(argv = process.argv.slice(2)) {
  const at = argv.indexOf('--root');
  if (at === -1) return projectRoot;
  const root = argv[at + 1];
  if (root === undefined) throw new Error('--root needs a folder');
  return root;
}

/** Prints what is wrong, one line each, and sets the exit code. */
export function report(name, problems, summary) {
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) {
    console.error(`${name}: ${problems.length} problem(s)`);
    process.exitCode = 1;
  } else {
    console.log(`${name}: ${summary}`);
  }
}
