/** Descriptors in messages: sent, received, and refused without holding up the bytes. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, fstatSync, openSync } from 'node:fs';
import { test } from 'node:test';
import { createServer } from 'barewire';
import { need, skipping } from '../kit/tools.js';
import {
  C,
  close,
  E,
  kernel,
  pair,
  readText,
  runProgram,
  scratchFolder,
  text,
  watchLedger,
  writeText,
} from './support.js';

function openDescriptors(): number {
  let count = 0;
  for (let fd = 0; fd < 1024; fd++) if (kernel.kind(fd) >= 0) count++;
  return count;
}

test('descriptors arrive, owned, as many as Linux allows', (t) => {
  watchLedger(t);
  const [near, far] = pair();
  const into: number[] = [-7];
  const source = openSync('/dev/null', 'r');
  const bytes = Buffer.alloc(4);
  assert.equal(kernel.sendRights(near, text('abcd'), 1, 2, [source, near]), 2);
  assert.equal(kernel.readRights(far, bytes, 2, 2, into), 2);
  assert.equal(bytes.toString('latin1', 2), 'bc');
  assert.equal(into.length, 3);
  assert.equal(fstatSync(into[1] as number).isCharacterDevice(), true);
  assert.equal(kernel.kind(into[2] as number), C.S_IFSOCK);
  writeText(into[2] as number, 'by the copy');
  assert.equal(readText(far), 'by the copy');
  assert.deepEqual(
    kernel.ledger(),
    [near, far, ...into.slice(1)].sort((a, b) => a - b),
  );
  close(...into.slice(1));
  const most = Array<number>(253).fill(source);
  assert.equal(kernel.sendRights(near, text('x'), 0, 1, [...most, source]), -E.EINVAL);
  assert.equal(kernel.sendRights(near, text('x'), 0, 1, most), 1);
  const many: number[] = [];
  assert.equal(kernel.readRights(far, bytes, 0, 4, many), 1);
  assert.equal(many.length, 253);
  close(...many);
  assert.equal(kernel.sendRights(near, text('x'), 0, 1, []), -E.EINVAL);
  assert.equal(kernel.sendRights(near, text('x'), 0, 0, [source]), -E.EINVAL);
  assert.equal(kernel.sendRights(near, text('x'), 0, 1, [9999]), -E.EBADF);
  assert.equal(kernel.readRights(far, bytes, 0, 4, many), -E.EAGAIN);
  closeSync(source);
  close(near, far);
});

test('a plain read goes on past messages with descriptors, and keeps none of them', (t) => {
  watchLedger(t);
  const [near, far] = pair();
  const open = openDescriptors();
  writeText(near, 'one ');
  assert.equal(kernel.sendRights(near, text('two '), 0, 4, [near, far]), 4);
  assert.equal(kernel.sendRights(near, text('three '), 0, 6, [far]), 6);
  writeText(near, 'four');
  assert.equal(readText(far), 'one two three four');
  assert.equal(readText(far), -E.EAGAIN);
  assert.equal(openDescriptors(), open);
  for (let i = 0; i < 100; i++) kernel.sendRights(near, text('ab'), 0, 2, [near]);
  assert.equal(readText(far, 5), 'ababa', 'no more than asked for');
  assert.equal(readText(far), `b${'ab'.repeat(97)}`);
  assert.equal(readText(far, 1), -E.EAGAIN);
  assert.equal(openDescriptors(), open);
  close(near, far);
});

test('what waits behind a message with descriptors stays for the next read', (t) => {
  watchLedger(t);
  const ended = pair();
  assert.equal(kernel.sendRights(ended[0], text('last'), 0, 4, [0]), 4);
  close(ended[0]);
  assert.equal(readText(ended[1]), 'last');
  assert.equal(readText(ended[1]), '');
  const [near, far] = pair();
  writeText(far, 'never read');
  assert.equal(kernel.sendRights(near, text('last'), 0, 4, [0]), 4);
  close(near);
  assert.equal(readText(far), 'last');
  assert.equal(readText(far), -E.ECONNRESET);
  close(ended[1], far);
});

test('accepted, adopted, doubled and passed sockets read past them too', (t) => {
  watchLedger(t);
  const name = `\0bw-rights-${process.pid}`;
  const listener = kernel.socket(C.AF_UNIX, C.SOCK_STREAM, 0);
  assert.equal(kernel.bind(listener, C.AF_UNIX, name, 0), 0);
  assert.equal(kernel.listen(listener, 1), 0);
  const client = kernel.socket(C.AF_UNIX, C.SOCK_STREAM, 0);
  assert.equal(kernel.connect(client, C.AF_UNIX, name, 0), 0);
  const accepted = kernel.accept(listener);
  const check = (to: number, from: number): void => {
    kernel.sendRights(from, text('a'), 0, 1, [0]);
    writeText(from, 'b');
    assert.equal(readText(to), 'ab');
  };
  check(accepted, client);
  check(client, accepted);
  const doubled = kernel.dup(accepted);
  check(doubled, client);
  kernel.release(doubled);
  assert.equal(kernel.adopt(doubled), doubled);
  check(doubled, client);
  const passed: number[] = [];
  kernel.sendRights(client, text('a'), 0, 1, [accepted]);
  kernel.readRights(accepted, Buffer.alloc(1), 0, 1, passed);
  check(passed[0] as number, client);
  close(listener, client, accepted, doubled, ...passed);
});

test('records are never glued together', (t) => {
  watchLedger(t);
  const [near, far] = pair(C.AF_UNIX, C.SOCK_SEQPACKET);
  kernel.sendRights(near, text('one'), 0, 3, [0]);
  writeText(near, 'two');
  assert.equal(readText(far), 'one');
  assert.equal(readText(far), 'two');
  close(near, far);
});

test('without numbers to spare, descriptors are dropped and the bytes are not', () => {
  const source = `
    const [near, far] = sockets();
    kernel.sendRights(near, bytes, 0, 1, [near, near, near]);
    const held = [];
    for (let fd; (fd = kernel.dup(0)) >= 0; ) held.push(fd);
    kernel.close(held.pop(), -1);
    const into = [];
    assert.equal(kernel.readRights(far, Buffer.alloc(4), 0, 4, into), 1);
    assert.equal(into.length, 1);
    assert.equal(kernel.accept(near), -E.EMFILE);
    assert.equal(kernel.pipe([]), -E.EMFILE);
    assert.equal(kernel.socketpair(C.AF_UNIX, C.SOCK_STREAM, []), -E.EMFILE);
    assert.equal(kernel.dup(0), -E.EMFILE);
    assert.equal(kernel.ledger().length, held.length + 3);
  `;
  const outcome = runProgram(source);
  assert.equal(outcome.status, 0, outcome.stderr);
});

/** Perl that connects to a port of this machine. */
function tcpTo(port: number): string {
  const address = `sockaddr_in(${port}, INADDR_LOOPBACK)`;
  return `socket(my $s, AF_INET, SOCK_STREAM, 0); connect($s, ${address})`;
}

/** Perl can send urgent data; every Debian has it. */
async function sendUrgent(make: string): Promise<void> {
  const script = `
    use Socket; ${make} or die $!;
    setsockopt($s, 6, 1, 1);
    send($s, "aaa", 0); send($s, "X", MSG_OOB); send($s, "ccc", 0);
    sysread($s, my $answer, 1); print $answer;
  `;
  need('perl');
  const child = spawn('perl', ['-e', script], {
    env: { PATH: process.env['PATH'] },
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: 10_000,
  });
  let answer = '';
  child.stdout.on('data', (chunk) => {
    answer += chunk;
  });
  await once(child, 'close');
  assert.equal(answer, '!');
}

for (const family of ['TCP', 'UNIX']) {
  test(`bytes behind urgent data reach a ${family} stream`, { timeout: 20_000 }, (t) =>
    skipping(t, async () => {
      const path = `${scratchFolder(t)}/s`;
      const server = createServer((socket) => {
        let all = '';
        socket.on('data', (chunk: Buffer) => {
          all += chunk.toString();
          if (all === 'aaaccc') socket.end('!');
        });
      });
      if (family === 'TCP') server.listen(0, '127.0.0.1');
      else server.listen(path);
      await once(server, 'listening');
      const at = server.address();
      const make =
        typeof at === 'object' && at !== null
          ? tcpTo(at.port)
          : `socket(my $s, AF_UNIX, SOCK_STREAM, 0); connect($s, sockaddr_un("${path}"))`;
      await sendUrgent(make);
      server.close();
      await once(server, 'close');
    }),
  );
}
