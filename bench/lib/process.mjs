// Child processes that speak in lines, pinned to a core; and what the kernel knows of them.
import { spawn, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

const STEP_TIMEOUT_MS = 120_000;

const canPin = spawnSync('taskset', ['--version']).status === 0;

export class Child {
  #lines = [];
  #waiting = null;
  #errors = '';

  /** Starts `command` on `core`; null leaves it to the scheduler. */
  constructor(command, core, env = {}) {
    const whole = core === null || !canPin ? command : ['taskset', '-c', String(core), ...command];
    const [file, ...args] = whole;
    this.name = command.join(' ');
    this.process = spawn(file, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    });
    this.process.stdin.on('error', () => {});
    this.process.stderr.on('data', (text) => {
      this.#errors = (this.#errors + text).slice(-4000);
    });
    this.exited = new Promise((resolve) => {
      this.process.on('error', (error) => this.#end(String(error), resolve));
      this.process.on('close', (code, signal) => this.#end(code ?? signal, resolve));
    });
    createInterface({ input: this.process.stdout }).on('line', (line) => this.#onLine(line));
  }

  get pid() {
    return this.process.pid;
  }

  #onLine(line) {
    const waiting = this.#waiting;
    this.#waiting = null;
    if (waiting === null) this.#lines.push(line);
    else waiting.resolve(line);
  }

  #end(how, resolve) {
    this.ended = how;
    this.#waiting?.reject(this.#failure(`ended (${how})`));
    resolve(how);
  }

  #failure(what) {
    return new Error(`${this.name}: ${what}\n${this.#errors}`);
  }

  /** The next line that it prints. */
  async line() {
    if (this.#lines.length > 0) return this.#lines.shift();
    if (this.ended !== undefined) throw this.#failure(`ended (${this.ended})`);
    let timer;
    try {
      return await new Promise((resolve, reject) => {
        this.#waiting = { resolve, reject };
        timer = setTimeout(() => reject(this.#failure('does not answer')), STEP_TIMEOUT_MS);
      });
    } finally {
      clearTimeout(timer);
    }
  }

  say(line) {
    this.process.stdin.write(`${line}\n`);
  }

  async kill() {
    if (this.ended === undefined) this.process.kill('SIGKILL');
    await this.exited;
  }
}

/** Nanoseconds of CPU that all living threads of a process have used. */
export function cpuNs(pid) {
  let sum = 0;
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    const text = readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'latin1');
    sum += Number(text.slice(0, text.indexOf(' ')));
  }
  return sum;
}

export function residentBytes(pid) {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  return Number(/VmRSS:\s+(\d+)/.exec(status)[1]) * 1024;
}

/** How many sockets a process holds. */
export function descriptorCount(pid) {
  return readdirSync(`/proc/${pid}/fd`).length;
}

/** Puts this process on `core`; children inherit that unless they are put elsewhere. */
export function pinSelf(core) {
  if (canPin && core !== null) spawnSync('taskset', ['-cp', String(core), String(process.pid)]);
}
