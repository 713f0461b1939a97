/** Sends much data to an echo server and back, by programs that are not ours. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { type EchoServer, type Family, startEchoServer } from './echo.js';
import { compiled, run } from './program.js';
import { shellPeer } from './tools.js';

export const PEERS = ['socat', 'nc'] as const;

const MEMORY_MAX_KIB = 150 * 1000;
/** The round trip fails if no byte passes for so long. It has no limit in all. */
const STALLED_MS = 60_000;

/** The bytes that a process has read so far, as the kernel counts them. */
function bytesRead(pid: number): number {
  return Number(/^rchar: (\d+)/m.exec(readFileSync(`/proc/${pid}/io`, 'utf8'))?.[1]);
}

export function assertFlat({ program }: EchoServer): void {
  const peak = program.memoryKib('VmHWM');
  assert.ok(peak < MEMORY_MAX_KIB, `the server took ${peak} KiB`);
}

/** Sends `lengthBytes` bytes by `peer`, and asserts that the same bytes come back. */
export async function assertRoundTrip(
  t: TestContext,
  family: Family,
  peer: (typeof PEERS)[number],
  lengthBytes: number,
): Promise<void> {
  const server = await startEchoServer(t, family);
  const args = peer === 'nc' ? server.nc : `-b 65536 -t 60 - ${server.socat}`;
  const source = `"${process.execPath}" "${compiled('source')}" ${lengthBytes}`;
  const pipeline = `${source} | ${shellPeer(t, peer, args)} | sha256sum`;
  const serverPid = server.program.child.pid ?? 0;
  const options = { timeoutMs: STALLED_MS, progress: () => bytesRead(serverPid) };
  const { code, stdout, stderr } = await run('sh', ['-c', pipeline], options);
  assert.equal(code, 0, stderr);
  assert.match(stderr, /^[0-9a-f]{64}\n$/);
  assert.equal(stdout.slice(0, 64), stderr.trim());
  assertFlat(server);
}
