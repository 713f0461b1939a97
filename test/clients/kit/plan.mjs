// What there is to run: the scenario files, gathered into groups that can run side by side.
import { pathToFileURL } from 'node:url';

/** Those that take longest to start or to run begin first: none is left alone at the end. */
const SLOW_FIRST = ['rabbitmq', 'postgresql', 'mariadb', 'mosquitto', 'redis'];

/**
 * Scenarios of one server share it, kill it and clear it, so they run one after the other; each
 * file without a server is a group of its own. A file may name the packages of single scenarios in
 * `about`, and the scenarios in which Node's core connects in `core`. `node` is the lowest line of
 * Node that its packages run on, or those of single scenarios by name. Gives
 * `[{server, jobs: [{file, name, server, packages, inCore, node}]}]`.
 */
export async function groupsOf(files) {
  const groups = new Map();
  for (const file of files) {
    const module = await import(pathToFileURL(file).href);
    const { packages: all, server = null, scenarios, core = [], about = {}, node = 20 } = module;
    const key = server ?? file;
    if (!groups.has(key)) groups.set(key, { server, jobs: [] });
    for (const name of Object.keys(scenarios)) {
      const packages = about[name] ?? all;
      const lowest = Number(typeof node === 'object' ? (node[name] ?? 20) : node);
      const inCore = core.includes(name);
      groups.get(key).jobs.push({ file, name, server, packages, inCore, node: lowest });
    }
  }
  const rank = ({ server }) => SLOW_FIRST.indexOf(server) + 1 || SLOW_FIRST.length + 1;
  return [...groups.values()].sort((a, b) => rank(a) - rank(b));
}
