/**
 * Programs of several processes. The same text runs on Node's own `net` and, by the register hook,
 * on this package's. A program prints what it sees, and has to end by itself: one that leaves a
 * connection, a server or a child behind does not end.
 */
import { deepStrictEqual } from 'node:assert/strict';
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { projectRoot } from './program.js';
import { until } from './wait.js';

export type Make = 'node:net' | 'barewire' | 'barewire/node';

export const OURS: readonly Make[] = ['barewire', 'barewire/node'];
export const ALL: readonly Make[] = ['node:net', ...OURS];

/** A program that takes longer hangs. */
const TIMEOUT_MS = 60_000;

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

interface Ended {
  readonly hung: boolean;
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

/** A program and all processes that it starts, which are killed together. */
export class Family {
  output = '';
  private errors = '';
  private hung = false;
  readonly child: ChildProcessWithoutNullStreams;
  readonly ended: Promise<Ended>;

  constructor(
    args: readonly string[],
    env: Readonly<Record<string, string>>,
    program = process.execPath,
  ) {
    // A child must not take itself for a file of the test run.
    const { NODE_TEST_CONTEXT: _, NODE_OPTIONS: __, ...rest } = process.env;
    const options = { cwd: projectRoot, env: { ...rest, ...env }, detached: true };
    this.child = spawn(program, args, options);
    this.child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.output += text;
    });
    this.child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.errors += text;
    });
    const timer = setTimeout(() => {
      this.hung = true;
      this.kill();
    }, TIMEOUT_MS);
    this.ended = new Promise((resolve) => {
      this.child.once('close', (code) => {
        clearTimeout(timer);
        resolve({ hung: this.hung, code, output: this.output, errors: this.errors });
      });
    });
  }

  /** Waits for a text on its standard output. */
  async printed(text: RegExp): Promise<string> {
    await until(
      () => text.test(this.output),
      () => `${text} in: ${this.output}${this.errors}`,
    );
    return text.exec(this.output)?.[0] ?? '';
  }

  kill(): void {
    try {
      process.kill(-Number(this.child.pid), 'SIGKILL');
    } catch {
      // All of them have ended.
    }
  }
}

/** Writes a program to a file of its own. */
export function write(scope: Scope, text: string): string {
  const file = join(folder(scope), 'main.js');
  writeFileSync(file, PRELUDE + text);
  return file;
}

/** Starts a program; it is killed when the test ends, with all its children. */
export function start(
  scope: Scope,
  make: Make,
  text: string,
  env: Readonly<Record<string, string>> = {},
): Family {
  const file = write(scope, text);
  const on = runningOn(make);
  const family = new Family([...on.args, file], { ...on.env, FOLDER: dirname(file), ...env });
  scope.after(() => {
    family.kill();
    return family.ended;
  });
  return family;
}

/** The lines that a program printed by its end. Throws where it fails or hangs. */
export function linesOf(ended: Ended): string[] {
  const { hung, code, output, errors } = ended;
  if (hung || code !== 0 || errors !== '') {
    throw new Error(`${hung ? 'the program hung' : `it ended with ${code}`}:\n${output}${errors}`);
  }
  return output.split('\n').filter((line) => line !== '');
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
