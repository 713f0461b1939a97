// One measurement: a fresh measured process and a fresh load, each on its core.
import { existsSync, unlinkSync } from 'node:fs';
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

/** Reads the process before and after the load does its work. */
async function observe(server, load, { units, idle, mode }) {
  await expect(load, 'warm');
  const before = { cpu: cpuNs(server.pid), resident: residentBytes(server.pid) };
  load.say('go');
  const { ms, loadCpuMs, latency } = await expect(load, 'done');
  const resident = residentBytes(server.pid);
  if (mode === 'memory') return { residentKib: (resident - before.resident) / idle / 1024 };
  const result = {
    cpuUs: (cpuNs(server.pid) - before.cpu) / units / 1e3,
    perSecond: (units / ms) * 1e3,
    loadCpuUs: (loadCpuMs / units) * 1e3,
    residentMib: resident / 1024 ** 2,
  };
  if (latency === undefined) return result;
  return { ...result, p50Ms: latency.p50, p99Ms: latency.p99, p999Ms: latency.p999 };
}

async function ordinary(context, contender, row, load, started) {
  const path = row.path ? join(tmpdir(), `barewire-bench-${process.pid}.sock`) : null;
  if (path !== null && existsSync(path)) unlinkSync(path);
  const command = [...contender.start(row.server), path ?? 'tcp'];
  const server = new Child(command, context.serverCore);
  started.push(server);
  const port = await readyPort(server);
  const target = path === null ? { host: HOST, port } : { path };
  started.push(startLoad(context, { ...load, target }));
  const result = await observe(server, started[1], load);
  if (path !== null && existsSync(path)) unlinkSync(path);
  return result;
}

/** The measured side connects to the load. */
async function connecting(context, contender, row, load, started) {
  const child = startLoad(context, load);
  started.push(child);
  const { port } = await expect(child, 'listening');
  const tail = row.server === 'relay' ? [port] : [port, load.conns];
  const server = new Child(
    [...contender.start(row.server), ...tail.map(String)],
    context.serverCore,
  );
  started.push(server);
  const listening = await readyPort(server);
  if (row.server === 'relay') child.say(listening);
  return observe(server, child, load);
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

const KINDS = { start, reuseport, client: connecting, relay: connecting };

/** `{cpuUs, perSecond, …}` of one contender in one row, by fresh processes. */
export async function runCell(context, contender, row, load) {
  const started = [];
  try {
    const run = KINDS[row.kind ?? row.server] ?? ordinary;
    return await run(context, contender, row, load, started);
  } finally {
    await Promise.all(started.map((child) => child.kill()));
  }
}
