/**
 * Opens many connections to an echo server at once, and when all stand sends a different message
 * on each. Prints how many came back right. Arguments: module, count, port or path.
 */
import type { Socket } from 'node:net';

const [moduleName = 'node:net', countText, target = ''] = process.argv.slice(2);
const { connect } = require(moduleName) as typeof import('node:net');
const count = Number(countText);
/** Fewer than a listener's backlog, where a UNIX connect would fail at once with EAGAIN. */
const STEP = 400;
/** Echoed first: tells that the connection was accepted. */
const PROBE = '?';
const sockets: Socket[] = [];
let accepted = 0;
let right = 0;
let closed = 0;

function sendAll(): void {
  for (const [i, socket] of sockets.entries()) socket.end(`message ${i} `.repeat(10));
}

/** One more connection is known to stand at both ends. */
function standing(): void {
  if (++accepted === count) sendAll();
  else if (accepted % STEP === 0) openStep();
}

function open(i: number): void {
  const socket = /^\d+$/.test(target)
    ? connect({ port: Number(target), host: '127.0.0.1', allowHalfOpen: true })
    : connect({ path: target, allowHalfOpen: true });
  sockets.push(socket);
  let text = '';
  socket.on('connect', () => socket.write(PROBE));
  socket.on('error', (error) => console.error(String(error)));
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    if (text === '') standing();
    text += chunk;
  });
  socket.on('end', () => {
    if (text === PROBE + `message ${i} `.repeat(10)) right++;
  });
  socket.on('close', () => {
    if (++closed === count) console.log(`${right} of ${count}`);
  });
}

function openStep(): void {
  const end = Math.min(sockets.length + STEP, count);
  while (sockets.length < end) open(sockets.length);
}

openStep();
