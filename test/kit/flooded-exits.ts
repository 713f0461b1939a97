/** Programs that have only unreferenced sockets, flooded by another process. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { compiled, Program, runNode } from './program.js';

const AT_ONCE = 4;

/** Runs such a program so often; each must exit with 0 by itself. */
export async function assertFloodedExits(t: TestContext, runs: number): Promise<void> {
  const options = { timeoutMs: Number.POSITIVE_INFINITY };
  const flooder = new Program(process.execPath, [compiled('flooder')], options);
  t.after(() => flooder.stop());
  const port = (await flooder.printed(/\n/)).trim();
  let begun = 0;
  const failures: string[] = [];
  const worker = async (): Promise<void> => {
    while (begun++ < runs) {
      const { code, signal, stdout, stderr } = await runNode('unreferenced', [port]);
      if (code === 0 && stdout === 'flooded 9\n' && stderr === '') continue;
      failures.push(`${code} ${signal} ${stdout} ${stderr}`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  assert.deepEqual(failures, []);
}
