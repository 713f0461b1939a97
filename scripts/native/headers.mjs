// Finds the headers of Node (node_api.h and, with it, uv.h).
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { BuildProblem } from './fail.mjs';

const NEEDED = ['node_api.h', 'uv.h'];

/** @returns {string[]} the folders that may have them, best first */
function candidates() {
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  const chosen = process.env.npm_config_nodedir;
  return [
    ...(chosen ? [join(chosen, 'include/node')] : []),
    join(dirname(process.execPath), '../include/node'),
    join(cache, 'node-gyp', process.versions.node, 'include/node'),
  ];
}

/** @returns {string} the folder with Node's headers */
export function nodeHeaders() {
  const folders = candidates();
  const found = folders.find((folder) => NEEDED.every((name) => existsSync(join(folder, name))));
  if (found) return found;
  throw new BuildProblem(
    [
      `Node's headers (${NEEDED.join(' and ')}) were not found. Looked in:`,
      ...folders.map((folder) => `  ${folder}`),
      `Get those of Node ${process.versions.node} with: npx node-gyp install`,
      'or set npm_config_nodedir to the folder that has include/node/node_api.h.',
    ].join('\n'),
  );
}
