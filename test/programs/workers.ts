/**
 * Starts and ends many worker threads with busy sockets, some at a time. Prints how they ended,
 * what descriptors are left, and how long a peer had to wait for the end of a connection.
 * Arguments: how many; what this thread itself loads ('none' for nothing); what workers load.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { WorkerTask } from './dying-worker.js';

const [countText, ownModule = 'none', ...workerModules] = process.argv.slice(2);
const COUNT = Number(countText);
const AT_ONCE = 6;
const ENDS: readonly WorkerTask['end'][] = ['terminate', 'exit', 'throw'];
/** A descriptor that its thread leaves open stays so as long as the process: forever, here. */
const CLOSE_MAX_MS = 30_000;

/** The native files that were loaded at once. */
const natives = new Set<string>();

function noteNatives(): void {
  const maps = readFileSync('/proc/self/maps', 'utf8');
  for (const [path] of maps.matchAll(/\/\S*\.node$/gm)) natives.add(path);
}

/** The peers' ends of the workers' connections, by the workers' ports. */
const peers = new Map<number, Socket>();
const ended: Record<string, number> = {};
let longestMs = 0;

function tally(what: string): void {
  ended[what] = (ended[what] ?? 0) + 1;
}

function untilClosed(port: number, from: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('a peer saw no close')), CLOSE_MAX_MS);
    const closed = (): void => {
      clearTimeout(timer);
      longestMs = Math.max(longestMs, performance.now() - from);
      peers.delete(port);
      resolve();
    };
    const peer = peers.get(port);
    if (peer === undefined || peer.closed) closed();
    else peer.on('close', closed);
  });
}

async function runOne(port: number, index: number): Promise<void> {
  const end = ENDS[index % ENDS.length] as WorkerTask['end'];
  const library = workerModules[index % workerModules.length] ?? 'barewire';
  const task: WorkerTask = { library, port, end };
  const worker = new Worker(join(__dirname, 'dying-worker.js'), { workerData: task });
  let outcome = '';
  worker.on('error', (error) => {
    outcome = `error ${error.message} `;
  });
  const exited = new Promise<number>((resolve) => {
    worker.on('exit', resolve);
  });
  const ports = await new Promise<number[]>((resolve, reject) => {
    worker.on('message', resolve).on('exit', () => reject(new Error(`early end: ${outcome}`)));
  });
  if (index < ENDS.length) noteNatives();
  const from = performance.now();
  if (end === 'terminate') void worker.terminate();
  else worker.postMessage('end');
  const code = await exited;
  tally(`${end}: ${outcome}${code}`);
  await Promise.all(ports.map((local) => untilClosed(local, from)));
}

async function runMany(port: number, count: number): Promise<void> {
  let begun = 0;
  const next = async (): Promise<void> => {
    while (begun < count) await runOne(port, begun++);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, next));
}

function openDescriptors(): number {
  return readdirSync('/proc/self/fd').length;
}

/** Descriptors of threads that have just ended may be closed a moment later. */
async function descriptorsOver(before: number): Promise<number> {
  for (let tries = 0; tries < 100 && openDescriptors() > before; tries++) await sleep(10);
  return openDescriptors() - before;
}

/** Where this thread has the module as well, its own sockets must work on to the end. */
async function ownEcho(port: number, text: string): Promise<string> {
  if (ownModule === 'none') return text;
  const { connect } = require(ownModule) as typeof import('barewire');
  const socket = connect({ port, host: '127.0.0.1' });
  return new Promise((resolve, reject) => {
    socket.on('data', (chunk) => socket.end(() => resolve(String(chunk))));
    socket.on('error', reject).write(text);
  });
}

async function main(): Promise<void> {
  const server = createServer((socket) => {
    peers.set(socket.remotePort ?? 0, socket);
    socket.on('error', () => {});
    socket.pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const before = await ownEcho(port, 'before');
  await runMany(port, ENDS.length);
  await sleep(100);
  const descriptors = openDescriptors();
  const startedAt = performance.now();
  await runMany(port, COUNT);
  const seconds = (performance.now() - startedAt) / 1000;
  const left = await descriptorsOver(descriptors);
  const after = await ownEcho(port, 'after');
  const echoes = [before, after];
  console.log(JSON.stringify({ ended, left, longestMs, seconds, echoes, natives: natives.size }));
  server.close();
  for (const peer of peers.values()) peer.destroy();
}

void main();
