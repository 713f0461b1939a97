/**
 * Errors of connecting and binding: their codes and texts, the events that follow, and that the
 * process ends.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { test } from 'node:test';
import { socketPath } from '../../kit/echo.js';
import { reservedPort } from '../../kit/port.js';
import { runNode } from '../../kit/program.js';

const PROFILES = ['barewire', 'barewire/node'];
const TIMEOUT_MS = 15_000;

interface Line {
  readonly event: string;
  readonly [field: string]: unknown;
}

/** What the program printed, and that it ended by itself with success. */
async function outcome(profile: string, what: string, target: string): Promise<Line[]> {
  const options = { timeoutMs: TIMEOUT_MS };
  const { code, signal, stdout, stderr } = await runNode(
    'failing',
    [profile, what, target],
    options,
  );
  assert.equal(signal, null, `must end by itself:\n${stdout}`);
  assert.equal(stderr, '');
  assert.equal(code, 0);
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
  assert.equal(lines.pop()?.event, 'exit');
  return lines;
}

/** The name of an error number of this machine, as Node has it. */
function numberOf(code: keyof typeof constants.errno): number {
  return -constants.errno[code];
}

const CLOSED_WITH_ERROR = { event: 'close', hadError: true };

for (const profile of PROFILES) {
  test(`${profile}: connecting to a closed port is ECONNREFUSED, then 'close'`, async (t) => {
    const port = reservedPort({ defer: (cleanup) => t.after(() => cleanup()) });
    const [error, ...rest] = await outcome(profile, 'port', String(port));
    assert.deepEqual(error, {
      event: 'error',
      code: 'ECONNREFUSED',
      errno: numberOf('ECONNREFUSED'),
      syscall: 'connect',
      address: '127.0.0.1',
      port,
      message: `connect ECONNREFUSED 127.0.0.1:${port}`,
      own: ['address', 'code', 'errno', 'port', 'syscall'],
    });
    assert.deepEqual(rest, [CLOSED_WITH_ERROR]);
  });

  test(`${profile}: connecting to a name that does not exist fails in lookup`, async () => {
    const [error, ...rest] = await outcome(profile, 'name', 'no-such-name.invalid');
    assert.match(String(error?.['code']), /^(ENOTFOUND|EAI_AGAIN)$/);
    assert.equal(error?.['syscall'], 'getaddrinfo');
    assert.equal(error?.['message'], `getaddrinfo ${error?.['code']} no-such-name.invalid`);
    assert.deepEqual(error?.['own'], ['code', 'errno', 'hostname', 'syscall']);
    assert.deepEqual(rest, [CLOSED_WITH_ERROR]);
  });

  test(`${profile}: connecting to a path that does not exist is ENOENT, then 'close'`, async () => {
    const path = socketPath();
    const [error, ...rest] = await outcome(profile, 'path', path);
    assert.deepEqual(error, {
      event: 'error',
      code: 'ENOENT',
      errno: numberOf('ENOENT'),
      syscall: 'connect',
      address: path,
      message: `connect ENOENT ${path}`,
      own: ['address', 'code', 'errno', 'syscall'],
    });
    assert.deepEqual(rest, [CLOSED_WITH_ERROR]);
  });

  test(`${profile}: connecting to a file that is no socket is ECONNREFUSED`, async () => {
    const path = socketPath();
    writeFileSync(path, '');
    const [error, ...rest] = await outcome(profile, 'path', path);
    assert.equal(error?.['message'], `connect ECONNREFUSED ${path}`);
    assert.deepEqual(rest, [CLOSED_WITH_ERROR]);
  });

  const after = profile === 'barewire' ? [{ event: 'close' }] : [];
  const then = profile === 'barewire' ? ", then 'close'" : ", and no 'close'";

  test(`${profile}: binding a used port is EADDRINUSE${then}`, async () => {
    const [bound, error, ...rest] = await outcome(profile, 'bind', '');
    const port = bound?.['port'];
    assert.deepEqual(error, {
      event: 'error',
      code: 'EADDRINUSE',
      errno: numberOf('EADDRINUSE'),
      syscall: 'listen',
      address: '127.0.0.1',
      port,
      message: `listen EADDRINUSE: address already in use 127.0.0.1:${port}`,
      own: ['address', 'code', 'errno', 'port', 'syscall'],
    });
    assert.deepEqual(rest, after);
  });

  test(`${profile}: binding a used path is EADDRINUSE${then}`, async () => {
    const path = socketPath();
    const [, error, ...rest] = await outcome(profile, 'bind', path);
    assert.deepEqual(error, {
      event: 'error',
      code: 'EADDRINUSE',
      errno: numberOf('EADDRINUSE'),
      syscall: 'listen',
      address: path,
      port: -1,
      message: `listen EADDRINUSE: address already in use ${path}`,
      own: ['address', 'code', 'errno', 'port', 'syscall'],
    });
    assert.deepEqual(rest, after);
  });
}
