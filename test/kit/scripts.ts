/** Programs that tests run: nc, telnet, socat, and our own examples. */
import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from './program.js';
import type { ProfileName, Scope } from './row.js';
import { need } from './tools.js';
import { until, within } from './wait.js';

export class Program {
  readonly child: ChildProcess;
  output = '';
  readonly exited: Promise<number | null>;

  constructor(command: string, args: readonly string[], stdio: StdioOptions = 'pipe') {
    this.child = spawn(command, args, { cwd: projectRoot, stdio });
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.output += text;
    });
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.output += text;
    });
    this.child.stdin?.on('error', () => {});
    this.exited = new Promise((resolve) => {
      this.child.on('close', (code) => resolve(code));
      this.child.on('error', (error) => {
        this.output += String(error);
        resolve(null);
      });
    });
  }

  write(text: string): void {
    this.child.stdin?.write(text);
  }

  /** Ends its standard input. */
  end(): void {
    this.child.stdin?.end();
  }

  /** Waits until it has printed what `text` matches. */
  async printed(text: RegExp): Promise<void> {
    await until(
      () => text.test(this.output),
      () => `${text} in: ${this.output}`,
    );
  }

  /** Its exit code; null where a signal ended it. */
  exit(): Promise<number | null> {
    return within(this.exited, () => `${this.child.spawnfile} to end; so far: ${this.output}`);
  }
}

/** Starts a program; it is killed when the test ends. */
export function program(
  scope: Scope,
  command: string,
  args: readonly string[],
  stdio?: StdioOptions,
): Program {
  const started = new Program(command, args, stdio);
  scope.defer(() => {
    started.child.kill('SIGKILL');
    return started.exited;
  });
  return started;
}

/** Runs a script with Node; `net` in it is the module of this name. */
export function script(
  scope: Scope,
  module: ProfileName | 'node:net',
  text: string,
  flags: readonly string[] = [],
): Program {
  const source = `const net = require('${module}');\n${text}`;
  return program(scope, process.execPath, [...flags, '-e', source]);
}

/** The text of an example, made to ask for `module`. */
export function example(name: string, module: ProfileName | 'node:net'): string {
  const text = readFileSync(join(projectRoot, 'examples', name), 'utf8');
  if (!text.includes("require('barewire')")) throw new Error(`${name} does not ask for barewire`);
  return text.replace("require('barewire')", `require('${module}')`);
}

/** Runs a script in a network namespace of its own, where every port is free. */
export function alone(scope: Scope, text: string): Program {
  need('ip', 'nsenter', 'unshare');
  const start = 'ip link set lo up && exec "$@"';
  const node = [process.execPath, '-e', text];
  return program(scope, 'unshare', ['-rn', 'sh', '-c', start, 'sh', ...node]);
}

/** Runs a program in the network namespace of another one. */
export function beside(scope: Scope, other: Program, command: string, ...args: string[]): Program {
  const target = ['-t', String(other.child.pid), '-U', '-n', '--preserve-credentials'];
  return program(scope, 'nsenter', [...target, '--wd=.', command, ...args]);
}
