/** Programs as child processes: what they print, how they end, what they cost. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The repository's root, found by the package's own name. */
export const projectRoot = dirname(require.resolve('barewire/package.json'));

/** A compiled program of test/programs. */
export function compiled(name: string): string {
  return join(projectRoot, 'build/test/programs', `${name}.js`);
}

const DEFAULT_TIMEOUT_MS = 60_000;
/** A program may run at most so many times its limit, even on a machine that is very busy. */
const TOTAL_FACTOR = 10;
const LOOK_MS = 500;

export interface ProgramOptions {
  /** How long it may make no progress, and how much processor time it may use. Default 60,000. */
  readonly timeoutMs?: number;
  /** A count that grows while it makes progress. Default: the program's own processor time. */
  readonly progress?: (pid: number) => number;
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

/** The processor time of a process in ms; that of its children is not counted. */
function processorMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  const ticks = Number(fields[11]) + Number(fields[12]);
  return ticks * 10;
}

/**
 * Tells whether a program hangs. It does if it has made no progress for its time limit, or has used
 * that much processor time. Time in which it waits for a busy processor does not count.
 */
class HangDetector {
  private readonly started = performance.now();
  private movedAt = this.started;
  private count = -1;

  constructor(
    private readonly pid: number,
    private readonly limitMs: number,
    private readonly progress: (pid: number) => number,
  ) {}

  /** Why the program counts as hanging, or null. */
  problem(): string | null {
    const now = performance.now();
    const count = this.look();
    if (count !== this.count) this.movedAt = now;
    this.count = count;
    if (now - this.movedAt > this.limitMs) return `no progress for ${this.limitMs} ms`;
    if (now - this.started > TOTAL_FACTOR * this.limitMs)
      return `${TOTAL_FACTOR * this.limitMs} ms`;
    if (this.usedMs() > this.limitMs) return `${this.limitMs} ms of processor time`;
    return null;
  }

  private look(): number {
    try {
      return this.progress(this.pid);
    } catch {
      return this.count; // It has ended, which is told in another way.
    }
  }

  private usedMs(): number {
    try {
      return processorMs(this.pid);
    } catch {
      return 0;
    }
  }
}

export class Program {
  stdout = '';
  stderr = '';
  readonly child: ChildProcessWithoutNullStreams;
  readonly ended: Promise<Ended>;
  private readonly timer: NodeJS.Timeout;
  private timedOut: string | null = null;

  constructor(
    private readonly command: string,
    private readonly args: readonly string[],
    options: ProgramOptions = {},
  ) {
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
    this.timer = this.watch(options);
    this.ended = this.untilEnd();
    // A time-out rejects `ended`; a test that does not wait for it must not fail by that.
    this.ended.catch(() => {});
  }

  /** Kills it where it hangs. */
  private watch({ timeoutMs = DEFAULT_TIMEOUT_MS, progress = processorMs }: ProgramOptions) {
    const detector = new HangDetector(this.child.pid ?? 0, timeoutMs, progress);
    return setInterval(() => {
      this.timedOut ??= detector.problem();
      if (this.timedOut !== null) this.child.kill('SIGKILL');
    }, LOOK_MS);
  }

  private async untilEnd(): Promise<Ended> {
    try {
      const [code, signal] = (await once(this.child, 'close')) as [number, NodeJS.Signals];
      if (this.timedOut !== null) throw new Error(`timed out: ${this.describe()}`);
      return { code, signal, stdout: this.stdout, stderr: this.stderr };
    } finally {
      clearInterval(this.timer);
    }
  }

  private describe(): string {
    const line = [this.command, ...this.args].join(' ');
    return `${this.timedOut}: ${line}\nprinted so far:\n${this.stdout}${this.stderr}`;
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

/** Runs a program to its end. Throws "timed out: …" where it hangs. */
export function run(
  command: string,
  args: readonly string[],
  options: ProgramOptions = {},
): Promise<Ended> {
  return new Program(command, args, options).ended;
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
