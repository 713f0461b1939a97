/** Programs as child processes: what they print, how they end, what they cost. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export const projectRoot = dirname(require.resolve('barewire/package.json'));

/** A compiled program of test/programs. */
export function compiled(name: string): string {
  return join(projectRoot, 'build/test/programs', `${name}.js`);
}

const DEFAULT_TIMEOUT_MS = 60_000;

export interface ProgramOptions {
  readonly timeoutMs?: number;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A child must not take itself for a file of the test run. */
function environment(more: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const { NODE_TEST_CONTEXT: _, NODE_OPTIONS: __, ...rest } = process.env;
  return { ...rest, ...more };
}

export class Program {
  stdout = '';
  stderr = '';
  readonly child: ChildProcessWithoutNullStreams;
  readonly ended: Promise<Ended>;
  private readonly timer: NodeJS.Timeout;

  constructor(command: string, args: readonly string[], options: ProgramOptions = {}) {
    this.child = spawn(command, args, {
      cwd: options.cwd ?? projectRoot,
      env: environment(options.env),
    });
    this.child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
    });
    this.child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
    this.child.stdin.on('error', () => {});
    this.timer = setTimeout(() => this.child.kill('SIGKILL'), options.timeoutMs ?? 60_000);
    this.ended = this.untilEnd();
  }

  private async untilEnd(): Promise<Ended> {
    const [code, signal] = (await once(this.child, 'close')) as [number, NodeJS.Signals];
    clearTimeout(this.timer);
    return { code, signal, stdout: this.stdout, stderr: this.stderr };
  }

  /** Waits for a text on standard output. Throws where the program ends before. */
  async printed(text: string | RegExp): Promise<string> {
    const there = (): boolean =>
      typeof text === 'string' ? this.stdout.includes(text) : text.test(this.stdout);
    while (!there()) {
      const next = once(this.child.stdout, 'data').then(() => 'data');
      const end = this.ended.then(() => 'end');
      const what = await Promise.race([next, end]);
      if (what === 'end' && !there()) {
        throw new Error(`ended without printing ${text}:\n${this.stdout}${this.stderr}`);
      }
    }
    return this.stdout;
  }

  send(text: string): void {
    this.child.stdin.write(text);
  }

  /** Ends it, if it has not ended by itself. */
  async stop(): Promise<Ended> {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill('SIGKILL');
    return this.ended;
  }

  /** A field of /proc/PID/status in KiB: VmRSS, VmHWM. */
  memoryKib(field: 'VmRSS' | 'VmHWM'): number {
    const status = readFileSync(`/proc/${this.child.pid}/status`, 'utf8');
    return Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(status)?.[1]);
  }
}

/** Runs a program to its end. One that takes too long is killed: `signal` is SIGKILL then. */
export function run(
  command: string,
  args: readonly string[],
  options: ProgramOptions = {},
): Promise<Ended> {
  return new Program(command, args, { timeoutMs: DEFAULT_TIMEOUT_MS, ...options }).ended;
}

/** Runs a compiled program of test/programs with this Node. */
export function runNode(
  name: string,
  args: readonly string[] = [],
  options: ProgramOptions = {},
): Promise<Ended> {
  return run(process.execPath, [compiled(name), ...args], options);
}

/** The shell's arguments that run this Node with room for so many descriptors. */
export function limited(descriptors: number, args: readonly string[]): string[] {
  return ['-c', `ulimit -n ${descriptors} && exec "$0" "$@"`, process.execPath, ...args];
}

/** Runs this Node with room for so many descriptors. */
export function runLimited(descriptors: number, args: readonly string[]): Promise<Ended> {
  return run('sh', limited(descriptors, args));
}
