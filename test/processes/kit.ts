/**
 * Programs of several processes: the same text runs on Node's own `net` and, by the register
 * hook, on this package's. A program prints what can be seen, and has to end by itself: one that
 * leaves a connection, a server or a child behind does not.
 */
import { deepStrictEqual } from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Ended, Program, projectRoot } from '../support/program.js';

export type Make = 'node:net' | 'barewire' | 'barewire/node';

export const OURS: readonly Make[] = ['barewire', 'barewire/node'];
export const ALL: readonly Make[] = ['node:net', ...OURS];

/** A program that takes longer hangs. */
const TIMEOUT_MS = 30_000;

/** What every program begins with. */
const PRELUDE = `'use strict';
const net = require('net');
const cp = require('node:child_process');
const fs = require('node:fs');
const { once } = require('node:events');
const role = process.argv[2];
/** A child (or a thread, by its argument) that runs this very file in another role. */
const fork = (as, options) => cp.fork(__filename, [as], options);
const say = (...what) =>
  console.log(what.map((x) => (typeof x === 'string' ? x : JSON.stringify(x))).join(' '));
const until = async (check) => {
  const end = Date.now() + 15000;
  while (!(await check())) {
    if (Date.now() > end) throw new Error('in vain: ' + check);
    await new Promise((resolve) => setTimeout(resolve, 3));
  }
};
const listen = async (server, ...args) => {
  server.listen(...(args.length > 0 ? args : [0, '127.0.0.1']));
  await once(server, 'listening');
  return server.address().port;
};
const count = (server) =>
  new Promise((resolve, reject) =>
    server.getConnections((error, n) => (error ? reject(error) : resolve(n))));
/** A client that notes what it gets; \`ended\` is true once the connection is over. */
const client = (...target) => {
  const socket = net.connect(...target);
  socket.text = '';
  socket.ended = false;
  socket.on('data', (data) => { socket.text += data; });
  socket.on('error', () => {});
  socket.on('close', () => { socket.ended = true; });
  return socket;
};
/** How many TCP sockets a process has open. */
const sockets = (pid = 'self') => {
  const inodes = new Set();
  for (const name of ['tcp', 'tcp6']) {
    for (const line of fs.readFileSync('/proc/net/' + name, 'utf8').split('\\n').slice(1)) {
      if (line !== '') inodes.add(line.trim().split(/\\s+/)[9]);
    }
  }
  let open = 0;
  for (const fd of fs.readdirSync('/proc/' + pid + '/fd')) {
    try {
      const to = fs.readlinkSync('/proc/' + pid + '/fd/' + fd);
      if (inodes.has(/^socket:\\[(\\d+)\\]$/.exec(to)?.[1])) open++;
    } catch {}
  }
  return open;
};
/** Ends with a failure where a child does. */
const failing = (child) =>
  child.on('exit', (code) => { if (code) { say('child failed', code); process.exit(1); } });
process.on('unhandledRejection', (error) => { throw error; });
`;

/** Something to clean up when a test ends. */
export type Scope = Pick<TestContext, 'after'>;

/** A folder from which `require('barewire')` works; it goes when the test ends. */
export function folder(scope: Scope): string {
  const parent = join(projectRoot, '.cache/processes');
  mkdirSync(parent, { recursive: true });
  const path = mkdtempSync(join(parent, 'p-'));
  scope.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** Node's arguments and environment for running a file with `net` of this make. */
export function runningOn(make: Make): { args: string[]; env: Record<string, string> } {
  if (make === 'node:net') return { args: [], env: {} };
  const profile = make === 'barewire' ? 'manual' : 'node';
  return { args: ['-r', 'barewire/register'], env: { BAREWIRE_PROFILE: profile } };
}

/** Starts a program; it is killed when the test ends. */
export function start(
  scope: Scope,
  make: Make,
  text: string,
  env: Readonly<Record<string, string>> = {},
): Program {
  const at = folder(scope);
  const file = join(at, 'main.js');
  writeFileSync(file, PRELUDE + text);
  const on = runningOn(make);
  const program = new Program(process.execPath, [...on.args, file], {
    timeoutMs: TIMEOUT_MS,
    env: { ...on.env, FOLDER: at, ...env },
  });
  scope.after(() => program.stop());
  return program;
}

/** The lines that a program printed by its end. Throws where it fails or hangs. */
export function linesOf(ended: Ended): string[] {
  if (ended.code !== 0 || ended.stderr !== '') {
    const how = ended.signal === 'SIGKILL' ? 'hung' : `ended with ${ended.code ?? ended.signal}`;
    throw new Error(`the program ${how}:\n${ended.stdout}${ended.stderr}`);
  }
  return ended.stdout.split('\n').filter((line) => line !== '');
}

interface Options {
  readonly on?: readonly Make[];
  readonly env?: Readonly<Record<string, string>>;
}

/** A test for each make: the program prints these lines, and ends. */
export function prints(
  title: string,
  text: string,
  lines: readonly string[],
  options: Options = {},
): void {
  for (const make of options.on ?? ALL) {
    test(`${title} [${make}]`, async (t) => {
      const ended = await start(t, make, text, options.env).ended;
      deepStrictEqual(linesOf(ended), lines);
    });
  }
}
