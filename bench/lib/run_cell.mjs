// A measured process and its load, both fresh, each on its core.
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { benchFolder, compileLoad } from './contenders.mjs';
import { Child, cpuNs, descriptorCount, residentBytes } from './process.mjs';

const HOST = '127.0.0.1';
const loadMain = join(benchFolder, 'load', 'main.mjs');

function loadInC({ target, conns, size, reply = size, depth = 1, units, warmup }) {
  const where = target.path ?? target.port;
  return [compileLoad(), where, conns, size, reply, depth, units, warmup].map(String);
}

const startLoad = (context, load) =>
  new Child(
    load.lang === 'c' ? loadInC(load) : [process.execPath, loadMain, JSON.stringify(load)],
    context.loadCore,
  );

/** Waits for `event` and returns its fields. */
async function expect(load, event) {
  const line = await load.line();
  const said = JSON.parse(line);
  if (said.event !== event) throw new Error(`the load said ${line} in place of ${event}`);
  return said;
}

async function readyPort(server) {
  const line = await server.line();
  const port = /^ready (\d+)$/.exec(line);
  if (port === null) throw new Error(`${server.name} said ${line}`);
  return Number(port[1]);
}

/** Where UNIX servers of this process listen. */
let paths = 0;

/** The measured side listens. */
async function listening(context, contender, row, job, started) {
  const path = row.path ? join(tmpdir(), `barewire-bench-${process.pid}-${++paths}.sock`) : null;
  if (path !== null) started.push({ kill: async () => rmSync(path, { force: true }) });
  const server = new Child([...contender.start(row.server), path ?? 'tcp'], context.serverCore);
  started.push(server);
  const port = await readyPort(server);
  const target = path === null ? { host: HOST, port } : { path };
  const load = startLoad(context, { ...job, target });
  started.push(load);
  return { server, load, job };
}

/** The measured side connects to the load. */
async function connecting(context, contender, row, job, started) {
  const load = startLoad(context, job);
  started.push(load);
  const { port } = await expect(load, 'listening');
  const tail = row.server === 'relay' ? [port] : [port, job.conns];
  const server = new Child(
    [...contender.start(row.server), ...tail.map(String)],
    context.serverCore,
  );
  started.push(server);
  const listens = await readyPort(server);
  if (row.server === 'relay') load.say(listens);
  return { server, load, job };
}

const SIDES = {
  client: connecting,
  relay: connecting,
  'tls-client': connecting,
  'tls-visitor': connecting,
};

/** A server and its load, warmed up. What it started is in `started`, whatever comes. */
export async function warmedUp(context, contender, row, job, started) {
  const side = SIDES[row.server] ?? listening;
  const running = await side(context, contender, row, job, started);
  await expect(running.load, 'warm');
  return running;
}

/** The load's work, or a part of it: what the process spent on that, and what the load saw. */
export async function doWork({ server, load, job: { units } }) {
  const before = cpuNs(server.pid);
  load.say('go');
  const { ms, loadCpuMs, latency, stallMs } = await expect(load, 'done');
  const result = {
    cpuUs: (cpuNs(server.pid) - before) / units / 1e3,
    perSecond: (units / ms) * 1e3,
    loadCpuUs: (loadCpuMs / units) * 1e3,
    residentMib: residentBytes(server.pid) / 1024 ** 2,
    ...(stallMs === undefined ? {} : { stallMs }),
  };
  if (latency === undefined) return result;
  return { ...result, p50Ms: latency.p50, p99Ms: latency.p99, p999Ms: latency.p999 };
}

/** What the process's size grows by when the load opens its connections. */
async function memory(context, contender, row, job, started) {
  const { server, load } = await warmedUp(context, contender, row, job, started);
  const before = residentBytes(server.pid);
  load.say('go');
  await expect(load, 'done');
  return { residentKib: (residentBytes(server.pid) - before) / job.idle / 1024 };
}

/** From spawning to the end of a process that ends as soon as it listens. */
async function start(context, contender, row, load) {
  const times = [];
  for (let i = 0; i < load.starts; i++) {
    const from = performance.now();
    const child = new Child([...contender.start(row.server), 'tcp'], context.serverCore);
    const how = await child.exited;
    if (how !== 0) throw new Error(`${child.name}: ended (${how})`);
    times.push(performance.now() - from);
  }
  return { wallMs: times.sort((a, b) => a - b)[times.length >> 1] };
}

/** Two processes on one port: how many of the connections does the busier one get? */
async function reuseport(context, contender, row, load, started) {
  const command = contender.start(row.server);
  const servers = [];
  let port = 0;
  for (let i = 0; i < 2; i++) {
    const server = new Child([...command, 'tcp', String(port)], context.serverCore);
    started.push(server);
    servers.push(server);
    port = await readyPort(server);
  }
  const none = servers.map((server) => descriptorCount(server.pid));
  const child = startLoad(context, { ...load, target: { host: HOST, port } });
  started.push(child);
  await expect(child, 'warm');
  const counts = servers.map((server, i) => descriptorCount(server.pid) - none[i]);
  child.say('go');
  await expect(child, 'done');
  return { share: Math.max(...counts) / (counts[0] + counts[1]) };
}

async function ordinary(context, contender, row, job, started) {
  return doWork(await warmedUp(context, contender, row, job, started));
}

/** `apart`: all of the work at once, since cutting it into parts would make it another one. */
const KINDS = { start, reuseport, memory, apart: ordinary };

/** Whether contenders can do parts of a row's work in turn. The load in C does it all at once. */
export const takesTurns = (row) =>
  KINDS[row.kind ?? row.load.mode] === undefined &&
  row.variants?.some(({ load }) => load.lang === 'c') !== true;

/** `{cpuUs, perSecond, …}` of one contender in one row, measured by itself. */
export async function runCell(context, contender, row, job) {
  const started = [];
  try {
    const run = KINDS[row.kind ?? job.mode] ?? ordinary;
    return await run(context, contender, row, job, started);
  } finally {
    await Promise.all(started.map((child) => child.kill()));
  }
}
