// Other versions of Node, from the package registry, kept in .cache/node/<version>.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from './files.mjs';

/** The lowest version supported, then the newest of each line that exists for x64 and arm64. */
export const VERSIONS = ['20.19.0', '20.20.2', '22.23.3', '24.21.0', '26.10.0'];

const cache = join(projectRoot, '.cache', 'node');

/** Versions that start with one of the given prefixes: '20' is 20.x.x, '20.19' is 20.19.x. */
export function selectVersions(prefixes) {
  if (prefixes.length === 0) return VERSIONS;
  const matches = (version, prefix) => `${version}.`.startsWith(`${prefix}.`);
  for (const prefix of prefixes) {
    if (VERSIONS.some((version) => matches(version, prefix))) continue;
    throw new Error(`no Node ${prefix} in the matrix; there are: ${VERSIONS.join(', ')}`);
  }
  return VERSIONS.filter((version) => prefixes.some((prefix) => matches(version, prefix)));
}

/** The folder that holds the `node` program of this version, fetched at first use. */
export function nodeFolder(version) {
  const home = join(cache, version);
  if (!existsSync(join(home, 'bin', 'node'))) download(version, home);
  return join(home, 'bin');
}

function download(version, home) {
  if (process.platform !== 'linux' || !['x64', 'arm64'].includes(process.arch)) {
    throw new Error(`no packaged Node for ${process.platform} ${process.arch}`);
  }
  mkdirSync(cache, { recursive: true });
  const scratch = mkdtempSync(join(cache, 'download-'));
  try {
    const name = `node-linux-${process.arch}@${version}`;
    execFileSync('npm', ['pack', '--silent', name], {
      cwd: scratch,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const [archive] = readdirSync(scratch);
    execFileSync('tar', ['-xzf', archive], { cwd: scratch });
    rmSync(home, { recursive: true, force: true });
    // Moved whole, so that an interrupted download is never taken for a complete one.
    renameSync(join(scratch, 'package'), home);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
