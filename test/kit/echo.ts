/** An echo server in a process of its own. */
import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import type { NetConnectOpts } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { compiled, limited, Program } from './program.js';

export type Family = 'tcp' | 'unix';
export const FAMILIES: readonly Family[] = ['tcp', 'unix'];

/** A path for a socket, short enough for sun_path; removed when this process ends. */
export function socketPath(): string {
  const path = join(tmpdir(), `bw-${randomUUID()}.sock`);
  process.setMaxListeners(0);
  process.once('exit', () => rmSync(path, { force: true }));
  return path;
}

export interface EchoServer {
  readonly program: Program;
  readonly to: NetConnectOpts;
  /** As socat names it. */
  readonly socat: string;
  /** Arguments for nc, with -N. */
  readonly nc: string;
}

/** `descriptors` is how many the server may have open. */
export async function startEchoServer(
  t: TestContext,
  family: Family,
  descriptors = 1000,
): Promise<EchoServer> {
  const path = socketPath();
  const args = [compiled('echo-server'), ...(family === 'unix' ? [path] : [])];
  const program = new Program('sh', limited(descriptors, args), {
    // The server has no end of its own: the test stops it.
    timeoutMs: Number.POSITIVE_INFINITY,
  });
  t.after(() => program.stop());
  const line = (await program.printed(/\n/)).trim();
  if (family === 'unix') {
    return { program, to: { path }, socat: `UNIX-CONNECT:${path}`, nc: `-N -U ${path}` };
  }
  const to = { host: '127.0.0.1', port: Number(line) };
  return { program, to, socat: `TCP:127.0.0.1:${line}`, nc: `-N 127.0.0.1 ${line}` };
}
