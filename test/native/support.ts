/** What the tests of the native file share. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { linux } from '#internal/sys/linux';
import { need } from '../kit/tools.js';

export const kernel = linux;
export const C = linux.constants;
export const E = constants.errno;

/** A call by its name, for arguments that the types forbid. */
export const calls = linux as unknown as Record<string, (...args: unknown[]) => unknown>;

export function call(name: string, ...args: unknown[]): unknown {
  const run = calls[name];
  assert.ok(run, `there is no call ${name}`);
  return run(...args);
}

/** The result of a call that must have worked. */
export function ok(result: number): number {
  assert.ok(result >= 0, `failed with ${result}`);
  return result;
}

/** Closes what the test left in the ledger, and fails it unless the test did so itself. */
export function watchLedger(t: TestContext): void {
  t.after(() => {
    const left = kernel.ledger();
    for (const fd of left) kernel.close(fd, -1);
    assert.deepEqual(left, [], 'descriptors are left in the ledger');
  });
}

export function close(...fds: number[]): void {
  for (const fd of fds) assert.equal(kernel.close(fd, -1), 0);
}

export function pair(family = C.AF_UNIX, type = C.SOCK_STREAM): [number, number] {
  const into: number[] = [];
  assert.equal(kernel.socketpair(family, type, into), 0);
  return into as [number, number];
}

export function pipe(): [number, number] {
  const into: number[] = [];
  assert.equal(kernel.pipe(into), 0);
  return into as [number, number];
}

/** A TCP connection: the two ends of it. */
export function tcp(family = C.AF_INET, host = '127.0.0.1'): [number, number] {
  const listener = ok(kernel.socket(family, C.SOCK_STREAM, 0));
  assert.equal(kernel.bind(listener, family, host, 0), 0);
  assert.equal(kernel.listen(listener, 1), 0);
  const name = kernel.getsockname(listener);
  assert.ok(typeof name === 'object');
  const client = ok(kernel.socket(family, C.SOCK_STREAM, 0));
  assert.equal(kernel.connect(client, family, host, name.port), -E.EINPROGRESS);
  const server = ok(kernel.accept(listener));
  close(listener);
  return [client, server];
}

/** The flags in /proc, as open(2) knows them. */
export function flagsOf(fd: number): number {
  const text = readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8');
  const flags = /^flags:\s*([0-7]+)$/m.exec(text)?.[1];
  assert.ok(flags, text);
  return Number.parseInt(flags, 8);
}

const O_CLOEXEC = 0o2000000;

export function assertFlags(...fds: number[]): void {
  for (const fd of fds) {
    const flags = flagsOf(fd);
    assert.ok(flags & constants_O_NONBLOCK, `${fd} is blocking`);
    assert.ok(flags & O_CLOEXEC, `${fd} survives exec`);
  }
}

const constants_O_NONBLOCK = 0o4000;

export function text(value: string): Buffer {
  return Buffer.from(value);
}

/** All that can be read at once, in one call. */
export function readText(fd: number, size = 65536): string | number {
  const into = Buffer.alloc(size);
  const count = kernel.read(fd, into, 0, size);
  return count < 0 ? count : into.toString('latin1', 0, count);
}

export function writeText(fd: number, value: string): void {
  const bytes = text(value);
  assert.equal(kernel.write(fd, bytes, 0, bytes.length), bytes.length);
}

export function scratchFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'bw-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export const ROOT = dirname(require.resolve('barewire/package.json'));

const PRELUDE = `
  'use strict';
  const assert = require('node:assert');
  const threads = require('node:worker_threads');
  const { linux: kernel } = threads.workerData?.lazy || process.env.LAZY && threads.isMainThread
    ? {} : require(${JSON.stringify(join(ROOT, 'dist/sys/linux.js'))});
  const C = kernel?.constants;
  const E = require('node:os').constants.errno;
  const EDGE = C && (C.EPOLLIN | C.EPOLLET);
  const control = new Int32Array(C ? 5 + C.EVENTS_PER_TURN * 3 : 0);
  /** Opens the hook and gives each event's slot, or -1 and -2, to the handler. */
  function hook(handler) {
    const dispatch = (what) => handler(what < 0 ? what : control[5 + what * 3], what);
    return kernel.hookOpen(dispatch, control);
  }
  function sockets() {
    const pair = [];
    assert.equal(kernel.socketpair(C.AF_UNIX, C.SOCK_STREAM, pair), 0);
    return pair;
  }
  const bytes = Buffer.from('x');
  const poke = (fd) => assert.equal(kernel.write(fd, bytes, 0, 1), 1);
  /** Registers a fresh pair's first end in a slot and returns the other end. */
  function watch(slot, generation = 0) {
    const [near, far] = sockets();
    assert.equal(kernel.hookControl(near, C.EPOLL_CTL_ADD, EDGE, slot, generation), 0);
    return far;
  }
  const openCount = () => require('node:fs').readdirSync('/proc/self/fd').length;
`;

export interface Outcome {
  status: number | null;
  signal: string | null;
  stdout: string;
  stderr: string;
}

/** How `inNamespace` says that this user may not have one. */
export const NO_NAMESPACE = 77;

/** Runs a program in a network of its own, whose loopback device also has fe80::7. */
export function inNamespace(source: string): Outcome {
  need('ip', 'unshare');
  const setUp = 'ip link set lo up && ip -6 address add fe80::7/64 dev lo nodad';
  // unshare is a program, and must not be run under the sanitizers.
  const env = 'env LD_PRELOAD="$BW_PRELOAD"';
  const script = `(${setUp}) 2>/dev/null || exit ${NO_NAMESPACE}; exec ${env} "$0" -e "$1"`;
  const { LD_PRELOAD, ...rest } = process.env;
  const { status, signal, stdout, stderr } = spawnSync(
    'unshare',
    ['--net', 'sh', '-c', script, process.execPath, `${PRELUDE}\n${source}`],
    { encoding: 'utf8', cwd: ROOT, env: { ...rest, BW_PRELOAD: LD_PRELOAD ?? '' } },
  );
  return { status: status === 0 ? 0 : NO_NAMESPACE, signal, stdout: stdout ?? '', stderr };
}

/** Runs a program in a Node of its own; it has the names of PRELUDE, and workers can have too. */
export function runProgram(source: string, env: Record<string, string> = {}): Outcome {
  const whole = `const PRELUDE = ${JSON.stringify(PRELUDE)};\n${PRELUDE}\n${source}`;
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, ['-e', whole], {
    encoding: 'utf8',
    cwd: ROOT,
    timeout: 120_000,
    env: { ...process.env, ...env },
  });
  return { status, signal, stdout, stderr };
}

/** The program must end by itself with 0 and print just these lines. */
export function assertPrints(source: string, lines: string[], env: Record<string, string> = {}) {
  const outcome = runProgram(source, env);
  assert.equal(outcome.status, 0, `${outcome.signal} ${outcome.stdout} ${outcome.stderr}`);
  assert.deepEqual(outcome.stdout.trim().split('\n'), lines, outcome.stderr);
}
