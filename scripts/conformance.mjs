// npm run conformance -- DIR [--impl node:net|barewire|barewire/node|PATH] [--node BIN|VERSION]...
//   [--filter REGEX] [--extra] [--run-excluded] [--jobs N] [--repeat N] [--json FILE] [--mark-weak]
//   [--tls]
// Runs Node's own tests of net, which DIR holds (test/conformance/harness/extract.sh), on the
// module. With --tls those of tls and https, on the built-in and with the ready-made servers and
// clients in its place. The tests are never part of this repository. docs/CONFORMANCE.md has the
// results.
import { execFileSync, spawnSync } from 'node:child_process';
import dns from 'node:dns';
import { existsSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { attempt } from '../test/conformance/harness/attempt.mjs';
import { compareProtocols, PROTOCOL_TESTS } from '../test/conformance/harness/protocols.mjs';
import { printReport, totalsOf } from '../test/conformance/harness/report.mjs';
import {
  CLASSIFICATION,
  listTests,
  NET_TESTS,
  readClassification,
} from '../test/conformance/harness/tests.mjs';
import { projectRoot } from './lib/files.mjs';
import { nodeFolder, selectVersions } from './lib/node-releases.mjs';
import { sideBySide } from './lib/side-by-side.mjs';

const HARNESS = join(projectRoot, 'test/conformance/harness');
/** The emptiest first: a test is marked with the first of them that it passes on. */
const STAND_INS = ['empty', 'shell', 'inert'];
const BAR_COLUMNS = 40;
const IN_NAMESPACE = 'BAREWIRE_IPV6_LOCALHOST';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    impl: { type: 'string', default: 'barewire/node' },
    node: { type: 'string', multiple: true, default: [process.execPath] },
    filter: { type: 'string' },
    jobs: { type: 'string', default: '2' },
    repeat: { type: 'string', default: '1' },
    json: { type: 'string' },
    extra: { type: 'boolean', default: false },
    'run-excluded': { type: 'boolean', default: false },
    'mark-weak': { type: 'boolean', default: false },
    tls: { type: 'boolean', default: false },
  },
});

function fail(message) {
  console.error(message);
  process.exit(2);
}

/** Runs this very command again where `localhost` is also ::1, as root can have it. */
function runInNamespace() {
  const wrapper = join(HARNESS, 'with-ipv6-localhost.sh');
  const env = { ...process.env, [IN_NAMESPACE]: '1' };
  const args = [wrapper, process.execPath, ...process.argv.slice(1)];
  const { status } = spawnSync('sh', args, { stdio: 'inherit', env });
  process.exit(status ?? 1);
}

function treeFolder() {
  const [given] = positionals;
  if (given === undefined) fail('npm run conformance -- DIR: where extract.sh put the tests');
  if (existsSync(join(given, 'test/parallel'))) return realpathSync(given);
  return fail(`${given} has no test/parallel in it`);
}

/** What tests ask of the machine. */
async function machineFacts() {
  const isThere = await new Promise((done) => {
    dns.lookup('localhost', { family: 6 }, (error) => done(error === null));
  });
  return { 'ipv6-localhost': isThere };
}

/** The file of a module under test; node:net stays as it is. */
function modulePath(name) {
  if (name === 'node:net') return name;
  const own = { barewire: 'dist/index.js', 'barewire/node': 'dist/node.js' }[name];
  const path = own === undefined ? resolve(name) : join(projectRoot, own);
  if (!existsSync(path)) fail(`no such module: ${path}`);
  return realpathSync(path);
}

function nodeProgram(given) {
  if (given.includes('/')) return realpathSync(given);
  return join(nodeFolder(selectVersions([given]).at(-1)), 'node');
}

function drawBar(done, total) {
  if (!process.stderr.isTTY) return;
  const filled = '#'.repeat(Math.round((done / total) * BAR_COLUMNS)).padEnd(BAR_COLUMNS, '.');
  process.stderr.write(done < total ? `\r[${filled}] ${done}/${total}` : '\r\x1b[K');
}

/** Runs a test as often as asked. It has passed where it always does. */
async function runTest(test, index, setting) {
  if (test.class === 'excluded' && !values['run-excluded']) return { ...test, status: 'excluded' };
  const runs = [];
  for (let left = Number(values.repeat); left > 0; left--) {
    runs.push(await attempt(test, index, setting));
  }
  const worst = runs.find(({ status }) => status !== 'pass') ?? runs[0];
  const passes = runs.filter(({ status }) => status === 'pass').length;
  const why = runs.length > 1 ? `passed ${passes} of ${runs.length}; ${worst.why}` : worst.why;
  return { ...test, ...worst, why };
}

/** The results of all tests on one Node. */
async function runAll(tree, node, module, facts, protocols) {
  const version = execFileSync(node, ['-p', 'process.versions.node'], { encoding: 'utf8' }).trim();
  const filter = values.filter === undefined ? undefined : new RegExp(values.filter);
  const tests = listTests(tree, {
    version,
    facts,
    filter,
    names: protocols === undefined ? NET_TESTS : PROTOCOL_TESTS,
    extra: values.extra,
  });
  const scratch = mkdtempSync(join(tmpdir(), 'conformance-'));
  let done = 0;
  const work = async (test) => {
    const setting = { tree, node, module, scratch, protocols };
    const result = await runTest(test, tests.indexOf(test), setting);
    drawBar(++done, tests.length);
    return result;
  };
  const together = tests.filter(({ isAlone }) => !isAlone);
  const results = await sideBySide(together, Number(values.jobs), work);
  results.push(
    ...(await sideBySide(
      tests.filter(({ isAlone }) => isAlone),
      1,
      work,
    )),
  );
  rmSync(scratch, { recursive: true, force: true });
  return { version, results };
}

/** Writes down which tests prove little: they pass on a module that does nothing. */
async function markWeak(tree, node, facts) {
  Object.assign(values, { extra: true, 'run-excluded': true });
  const classification = readClassification();
  for (const entry of Object.values(classification.tests)) delete entry.weak;
  for (const name of STAND_INS) {
    const module = join(HARNESS, 'stand-ins', `${name}.cjs`);
    const { results } = await runAll(tree, node, module, facts);
    for (const { file } of results.filter(({ status }) => /pass|skipped/.test(status))) {
      classification.tests[file] ??= { class: 'strict' };
      classification.tests[file].weak ??= name;
    }
  }
  writeFileSync(CLASSIFICATION, `${JSON.stringify(classification, null, 2)}\n`);
}

if (process.getuid() === 0 && process.env[IN_NAMESPACE] === undefined) runInNamespace();
const tree = treeFolder();
const facts = await machineFacts();
const nodes = values.node.map(nodeProgram);
const runs = [];
let failed = false;
if (values['mark-weak']) {
  await markWeak(tree, nodes[0], facts);
} else if (values.tls) {
  const folder = join(projectRoot, 'dist');
  for (const node of nodes) {
    const control = await runAll(tree, node, 'node:net', facts, 'node');
    const ours = await runAll(tree, node, 'node:net', facts, folder);
    const { version } = ours;
    failed = compareProtocols(version, control.results, ours.results) > 0 || failed;
    runs.push({ node: version, control: control.results, results: ours.results });
  }
} else {
  const module = modulePath(values.impl);
  for (const node of nodes) {
    const { version, results } = await runAll(tree, node, module, facts);
    printReport(`${values.impl} on Node ${version}`, results);
    runs.push({ node: version, impl: values.impl, ...totalsOf(results), results });
  }
}
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(runs, null, 1)}\n`);
failed ||= runs.some(({ groups }) => groups && groups.strict.fail + groups.strict.timeout > 0);
process.exitCode = failed ? 1 : 0;
