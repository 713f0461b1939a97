// Starts a server program of the system's in a temporary folder, as a user of its own if root.
import { execFileSync, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const START_MS = 60_000;
const RESTART_ATTEMPTS = 10;
const RESTART_AFTER_MS = 300;
const STOP_MS = 5_000;

const atExit = [];
process.on('exit', () => {
  for (const run of atExit) run();
});

/** Below the ports that connections get by themselves: a killed server finds its own free again. */
const PORTS = { from: 15_000, to: 32_000 };

async function isFree(port) {
  const server = net.createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}

/** A port of 127.0.0.1 that was free just now. */
export async function freePort() {
  for (;;) {
    const port = randomInt(PORTS.from, PORTS.to);
    if (await isFree(port)) return port;
  }
}

/** `{uid, gid}` of a user where this process may take them, else nothing. */
export function identity(user) {
  if (process.getuid() !== 0) return {};
  const id = (flag) => Number(execFileSync('id', [flag, user], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

/** A new folder that belongs to `user`. */
export function folderFor(user) {
  const folder = mkdtempSync(join(tmpdir(), 'bw-server-'));
  const { uid, gid } = identity(user);
  chmodSync(folder, 0o755);
  if (uid !== undefined) chownSync(folder, uid, gid);
  atExit.push(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** The program at `path`, a `*` standing for any one folder; the last one by name. */
export function programAt(path) {
  const [before, after] = path.split('*');
  const versions = readdirSync(before).sort((a, b) => Number(a) - Number(b));
  return before + versions.at(-1) + after;
}

async function accepts(port) {
  const socket = net.connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** A server process that can be killed and started again, always on the same port. */
export class Daemon {
  child = null;
  output = '';

  /** `ready()` resolves to whether it serves; by default, whether its port accepts. */
  constructor({ user, command, args, env, cwd, about, ready, cleanup }) {
    const more = { ...identity(user), cwd, env: { ...process.env, ...env } };
    this.launch = () =>
      spawn(command, args, {
        ...more,
        stdio: ['ignore', 'pipe', 'pipe'],
        // A group of its own: some servers are a script that starts others.
        detached: true,
      });
    this.about = about;
    this.ready = ready ?? (() => accepts(about.port));
    this.cleanup = cleanup ?? (() => {});
    atExit.unshift(() => this.signal(this.child, 'SIGKILL'));
  }

  async start() {
    const child = this.launch();
    this.child = child;
    const note = (text) => {
      this.output = (this.output + text).slice(-10_000);
    };
    child.stdout.on('data', note);
    child.stderr.on('data', note);
    let ended = false;
    child.on('exit', () => {
      ended = true;
    });
    child.on('error', note);
    const deadline = Date.now() + START_MS;
    while (!(await this.ready())) {
      if (ended || Date.now() > deadline) throw new Error(`did not start:\n${this.output}`);
      await sleep(50);
    }
    return this;
  }

  signal(child, signal) {
    try {
      if (child?.pid !== undefined) process.kill(-child.pid, signal);
    } catch (error) {
      if (error.code !== 'ESRCH') throw error;
    }
  }

  async end(signal) {
    const { child } = this;
    this.child = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    this.signal(child, signal);
    const timer = setTimeout(() => this.signal(child, 'SIGKILL'), STOP_MS);
    await gone;
    clearTimeout(timer);
  }

  kill() {
    return this.end('SIGKILL');
  }

  /**
   * Kills it and starts it again. What the killed one leaves behind is gone a moment later only:
   * PostgreSQL refuses to start while a backend of its still has the shared memory.
   */
  async restart() {
    await this.kill();
    for (let attempt = 1; ; attempt++) {
      try {
        await this.start();
        return;
      } catch (error) {
        if (attempt === RESTART_ATTEMPTS) throw error;
        await sleep(RESTART_AFTER_MS);
      }
    }
  }

  async stop() {
    await this.end('SIGTERM');
    this.cleanup();
  }
}
