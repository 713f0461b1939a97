// `npm run test:matrix`: the tests on each supported line of Node, and a table of the outcome.
// `npm run test:matrix -- --node 22 --node 24 [arguments of npm test]` picks versions.
import { spawnSync } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { projectRoot } from './lib/files.mjs';
import { nodeFolder, selectVersions } from './lib/node-releases.mjs';

function parse(argv) {
  const prefixes = [];
  const rest = [];
  for (let at = 0; at < argv.length; at++) {
    if (argv[at] !== '--node') rest.push(argv[at]);
    else if (argv[at + 1] === undefined) throw new Error('--node needs a version, such as 22');
    else prefixes.push(argv[++at]);
  }
  return { versions: selectVersions(prefixes), rest };
}

function testOn(version, args) {
  console.log(`\n=== Node ${version}`);
  const start = performance.now();
  const bin = nodeFolder(version);
  const result = spawnSync(join(bin, 'node'), ['scripts/test.mjs', ...args], {
    cwd: projectRoot,
    // Programs that tests start by the name `node` are of the same version.
    env: { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}` },
    stdio: 'inherit',
  });
  if (result.error) throw result.error;
  const seconds = Math.round((performance.now() - start) / 1000);
  return { node: version, result: result.status === 0 ? 'passed' : 'FAILED', seconds };
}

const { versions, rest } = parse(process.argv.slice(2));
const rows = versions.map((version) => testOn(version, rest));
console.log();
console.table(rows);
if (rows.some((row) => row.result !== 'passed')) process.exitCode = 1;
