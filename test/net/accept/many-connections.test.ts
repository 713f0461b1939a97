/** Many connections at once. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FAMILIES, startEchoServer } from '../../kit/echo.js';
import { compiled, runLimited } from '../../kit/program.js';

const COUNT = 5000;
const DESCRIPTORS = COUNT + 500;

for (const family of FAMILIES) {
  for (const client of ['node:net', 'barewire']) {
    test(`${COUNT} connections of ${client} at once echo over ${family}`, async (t) => {
      const server = await startEchoServer(t, family, DESCRIPTORS);
      const target = 'path' in server.to ? server.to.path : String(server.to.port);
      const args = [compiled('many-clients'), client, String(COUNT), target];
      const { code, stdout, stderr } = await runLimited(DESCRIPTORS, args);
      assert.equal(stderr, '');
      assert.equal(stdout, `${COUNT} of ${COUNT}\n`);
      assert.equal(code, 0);
      assert.equal(server.program.stderr, '');
    });
  }
}
