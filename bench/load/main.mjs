// The load: `node main.mjs '{"mode":…}'`. It speaks with the harness in lines: prints `listening`
// where the measured side connects to it, `warm` when it has warmed the server up, and at each line
// `go` does a fixed amount of work, and prints `done` with what it saw.
import { readSync } from 'node:fs';
import { Churn } from './churn.mjs';
import { httpJob, httpsJob } from './http.mjs';
import { Acceptor, Connection, dial, IN, listen, OUT } from './kernel.mjs';
import { AtOnce, PingPong } from './pingpong.mjs';
import { Receiving } from './receiving.mjs';
import { Streaming } from './streaming.mjs';
import { SecureChurn, SecurePingPong, SecureVisited, secureDial, secureListen } from './tls.mjs';

/** So many connections are in the making at once: listen queues are finite. */
const CONNECTING_MAX = 200;

const config = JSON.parse(process.argv[2]);
const { mode, conns = 1, idle = 0, units, warmup } = config;

function tell(event, fields = {}) {
  process.stdout.write(`${JSON.stringify({ event, ...fields })}\n`);
}

/** Waits for a line from the harness; nothing else happens meanwhile. */
function waitForLine() {
  const line = Buffer.alloc(64);
  return line.toString('latin1', 0, readSync(0, line));
}

/** A connection that is only there. */
class Idler extends Connection {
  constructor(fd, onConnected) {
    super(fd, OUT | IN);
    this.onConnected = onConnected;
  }

  onReady() {
    this.onConnected?.();
    this.onConnected = null;
  }
}

/** As many connections to one address and port as there are ports to make them from. */
const PER_ADDRESS = 20_000;

/** Where the next one goes: servers listen on all of 127.0.0.0/8. */
const spread = (target, at) =>
  target.path ? target : { ...target, host: `127.0.0.${1 + Math.floor(at / PER_ADDRESS)}` };

function holdIdle(count, target) {
  return new Promise((resolve) => {
    let started = 0;
    let connected = 0;
    const next = () => {
      while (started < count && started - connected < CONNECTING_MAX) {
        new Idler(dial(spread(target, started++)), () => {
          connected++;
          next();
        });
      }
      if (connected === count) resolve();
    };
    next();
  });
}

async function connectAll(job, count, target, open = dial) {
  for (let done = 0; done < count; done += CONNECTING_MAX) {
    await new Promise((resolve) => {
      job.onAllConnected = resolve;
      const upTo = Math.min(count, done + CONNECTING_MAX);
      for (let i = done; i < upTo; i++) job.add(open(target));
    });
  }
}

/** The measured side connects to the load. */
function acceptAll(job, count) {
  const { fd, port } = listen();
  return new Promise((resolve) => {
    const acceptor = new Acceptor(fd, (accepted) => {
      job.add(accepted);
      if (job.connections.length === count) acceptor.close();
    });
    job.onAllConnected = () => {
      if (job.connections.length === count) resolve();
    };
    tell('listening', { port });
  });
}

/** The same over TLS. */
async function acceptAllSecure(job, count) {
  const connected = new Promise((resolve) => {
    job.onAllConnected = () => {
      if (job.connections.length === count) resolve();
    };
  });
  tell('listening', { port: await secureListen((socket) => job.add(socket)) });
  await connected;
}

async function visited(job) {
  const ready = new Promise((resolve) => {
    job.listen(resolve).then((port) => tell('listening', { port }));
  });
  await ready;
}

const run = (job, count) => new Promise((resolve) => job.run(count, resolve));

function percentiles(latencies, count) {
  const sorted = latencies.subarray(0, count).sort();
  const at = (share) => sorted[Math.min(count - 1, Math.floor(count * share))];
  return { p50: at(0.5), p99: at(0.99), p999: at(0.999) };
}

/** The work in as many parts as the harness asks for, each begun by a line of its. */
async function measure(job) {
  if (warmup > 0) await run(job, warmup);
  tell('warm');
  while (waitForLine().startsWith('go')) {
    const cpu = process.cpuUsage();
    const start = performance.now();
    await run(job, units);
    const ms = performance.now() - start;
    const { user, system } = process.cpuUsage(cpu);
    const latency = job.latencies ? percentiles(job.latencies, job.count) : undefined;
    const { stallMs } = job;
    tell('done', { ms, loadCpuMs: (user + system) / 1000, latency, stallMs });
  }
}

/**
 * Opens `idle` connections between the two readings of the server's size, behind those of the
 * warm-up: what the compiler and its code take is not the connections'.
 */
async function measureMemory(target) {
  const asker = new PingPong({ size: 1, units: 1 });
  await connectAll(asker, 1, target);
  await holdIdle(warmup, target);
  await run(asker, 1);
  tell('warm');
  waitForLine();
  await holdIdle(idle, target);
  await run(asker, 1);
  tell('done', { ms: 0, loadCpuMs: 0 });
}

/** Loops whose connections are TLS. */
const SECURE = ['tls', 'https'];

async function closedLoop() {
  if (mode === 'http') return httpJob(config);
  if (mode === 'https') return httpsJob(config);
  if (mode === 'tls') return new SecurePingPong(config);
  return mode === 'atonce' ? new AtOnce(config) : new PingPong(config);
}

async function main() {
  if (mode === 'connectback') {
    const job = new PingPong(config);
    await acceptAll(job, conns);
    return measure(job);
  }
  if (mode === 'tls-connectback') {
    const job = new SecurePingPong(config);
    await acceptAllSecure(job, conns);
    return measure(job);
  }
  if (mode === 'tls-visited') {
    const job = new SecureVisited();
    await visited(job);
    return measure(job);
  }
  if (mode === 'relay') {
    const job = new Streaming(config);
    tell('listening', { port: job.listen() });
    job.target = { host: '127.0.0.1', port: Number(waitForLine()) };
    return measure(job);
  }
  const { target } = config;
  if (mode === 'memory') return measureMemory(target);
  if (mode === 'churn') return measure(new Churn(config));
  if (mode === 'tls-churn') return measure(new SecureChurn(config));
  if (mode === 'stream') return measure(new Streaming(config));
  if (mode === 'receive') return measure(new Receiving(config));
  const job = await closedLoop();
  await holdIdle(idle, target);
  await connectAll(job, conns, target, SECURE.includes(mode) ? secureDial : dial);
  return measure(job);
}

await main();
waitForLine();
process.exit();
