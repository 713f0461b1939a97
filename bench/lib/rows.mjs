// What is measured: one row per scenario, with the figure asked of it.

const KIB = 1024;

const ping = (conns, size, units, more = {}) => ({
  mode: 'pingpong',
  conns,
  size,
  units,
  warmup: Math.ceil(units / 2),
  ...more,
});

/** What leaves as fast as eight readers take it. */
const sends = (server, title) => [
  {
    id: server,
    title,
    unit: '64 KiB',
    server,
    load: { mode: 'receive', conns: 8, size: 64 * KIB, units: 20_000, warmup: 10_000 },
    must: { node: 1 },
  },
];

/** Writes of 100 B that all wait at once: 1,000 on each connection, or 1.6 million on one. */
const smallWrites = (how, title) => {
  const server = `small-${how}`;
  const row = { unit: 'write', server, must: { node: 1 } };
  const load = { mode: 'receive', size: 100, conns: 1, units: 1_600_000, warmup: 50_000 };
  return [
    {
      ...row,
      id: `${server}-1k`,
      title: `1,000 writes of 100 B at once, ${title}`,
      load: { ...load, conns: 64, units: 640_000, warmup: 64_000 },
    },
    {
      ...row,
      id: `${server}-1600k`,
      title: `1.6 million writes of 100 B at once, ${title}`,
      kind: 'apart',
      load,
    },
    {
      ...row,
      id: `${server}-stall`,
      title: `the same, how long the event loop stands still`,
      unit: 'run',
      metric: 'stallMs',
      kind: 'apart',
      load: { ...load, probes: true },
    },
  ];
};

/** TLS costs no more than over the built-in's sockets. */
const secure = (id, title, server, load, must = 1.05) => ({
  id,
  title,
  server,
  load,
  tls: true,
  must: { node: must },
  stretch: { node: 0.95 },
});

/** Echoes over TLS, with the measured process as the server or as the client. */
const secureEchoes = (id, title, server, mode) => [
  secure(`${id}-64-c64`, `${title}, 64 B × 64`, server, ping(64, 64, 60_000, { mode })),
  secure(`${id}-16k-c16`, `${title}, 16 KiB × 16`, server, ping(16, 16 * KIB, 24_000, { mode })),
  secure(`${id}-256k-c4`, `${title}, 256 KiB × 4`, server, ping(4, 256 * KIB, 2_400, { mode })),
];

/** A handshake, one message, close: of these each takes as long as of messages a hundred. */
const secureVisits = (id, title, server, mode) => ({
  ...secure(id, title, server, { mode, conns: 32, size: 64, units: 4_000, warmup: 4_000 }),
  unit: 'connection',
});

const secureRows = [
  ...secureEchoes('tls', 'TLS echo', 'tls-echo', 'tls'),
  secureVisits('tls-handshake', 'TLS: handshake, echo once, close', 'tls-churn', 'tls-churn'),
  ...secureEchoes('tls-client', 'TLS client, echo', 'tls-client', 'tls-connectback'),
  secureVisits('tls-client-handshake', 'TLS client: the same', 'tls-visitor', 'tls-visited'),
  {
    ...secure(
      'https-c64',
      'HTTPS, kept connections, 64 of them',
      'https',
      { mode: 'https', conns: 64, units: 40_000, warmup: 40_000 },
      1.03,
    ),
    unit: 'request',
  },
];

/**
 * A warm-up is as long as V8 takes to have compiled what is hot: for messages about 40,000, for
 * connections about 20,000, in Node 20 as in Node 26, in ours as in node:net.
 *
 * `server` is what the measured process does, `load` what the load does to it. `metric` names the
 * figure of the row; `must` and `stretch` are upper limits of its ratio to another contender.
 */
export const rows = [
  {
    id: 'echo-64-c64',
    title: 'echo 64 B, 64 connections',
    server: 'echo',
    load: ping(64, 64, 120_000),
    must: { node: 0.75, c: 1.35 },
    stretch: { node: 0.6, c: 1.15 },
  },
  {
    id: 'echo-64-c256',
    title: 'echo 64 B, 256 connections',
    server: 'echo',
    load: ping(256, 64, 120_000),
    must: { node: 0.75, c: 1.35 },
    stretch: { node: 0.6, c: 1.15 },
  },
  {
    id: 'echo-64-unix',
    title: 'echo 64 B, 64 connections, UNIX',
    server: 'echo',
    path: true,
    load: ping(64, 64, 150_000),
    must: { node: 0.8 },
    stretch: { node: 0.65 },
  },
  {
    id: 'echo-64-c1',
    title: 'echo 64 B, 1 connection',
    server: 'echo',
    load: ping(1, 64, 40_000),
    must: { node: 1, c: 1.5 },
    stretch: { node: 0.9, c: 1.3 },
  },
  {
    id: 'pipeline-16',
    title: '16 × 64 B pipelined, 64 connections',
    server: 'echo',
    load: ping(64, 64, 1_200_000, { depth: 16 }),
    must: { node: 0.8, c: 1.4 },
    stretch: { node: 0.65, c: 1.15 },
  },
  {
    id: 'echo-16k-c16',
    title: 'echo 16 KiB, 16 connections',
    server: 'echo',
    load: ping(16, 16 * KIB, 70_000),
    must: { node: 0.55, c: 1.6 },
    stretch: { node: 0.45, c: 1.3 },
  },
  {
    id: 'echo-256k-c4',
    title: 'echo 256 KiB, 4 connections',
    server: 'echo',
    load: ping(4, 256 * KIB, 7_000),
    must: { node: 0.55, c: 1.5 },
    stretch: { node: 0.42, c: 1.2 },
  },
  {
    id: 'burst',
    title: '100 writes of 32 B per request',
    unit: 'request',
    server: 'burst',
    // Enough connections that node:net's waits for delayed ACKs overlap: they cost no CPU.
    load: ping(64, 64, 9_000, { reply: 3_200 }),
    must: { node: 0.12 },
    stretch: { node: 0.08 },
  },
  {
    id: 'churn',
    title: 'accept, echo once, close',
    unit: 'connection',
    server: 'churn',
    load: { mode: 'churn', conns: 32, size: 64, units: 18_000, warmup: 24_000 },
    must: { node: 0.65, c: 1.7 },
    stretch: { node: 0.5, c: 1.4 },
  },
  {
    id: 'sink-64k',
    title: 'receive only, 64 KiB',
    unit: '64 KiB',
    server: 'sink',
    load: { mode: 'stream', conns: 8, size: 64 * KIB, units: 40_000, warmup: 16_000 },
    must: { node: 0.7 },
    stretch: { node: 0.5 },
  },
  ...sends('send-64k', 'send only, 64 KiB at a time'),
  ...sends('send-1m', 'send only, 1 MiB at a time'),
  ...sends('send-file', 'send a file by pipe'),
  ...smallWrites('corked', 'corked'),
  ...smallWrites('loop', 'in a loop that does not look'),
  {
    id: 'client-64-c64',
    title: 'client side, 64 connections, 64 B',
    server: 'client',
    load: ping(64, 64, 120_000, { mode: 'connectback' }),
    must: { node: 0.75 },
    stretch: { node: 0.6 },
  },
  {
    id: 'relay-64k',
    title: 'relay by pipe, 64 KiB, 8 connections',
    unit: '64 KiB',
    server: 'relay',
    load: { mode: 'relay', conns: 8, size: 64 * KIB, units: 20_000, warmup: 10_000 },
    must: { node: 0.55 },
    stretch: { node: 0.4 },
  },
  {
    id: 'http-c64',
    title: 'HTTP, kept connections, 64 of them',
    unit: 'request',
    server: 'http',
    load: { mode: 'http', conns: 64, units: 60_000, warmup: 60_000 },
    must: { node: 1.15 },
  },
  {
    id: 'http-hand-c64',
    title: "HTTP by emit('connection', socket), 64",
    unit: 'request',
    server: 'http-hand',
    load: { mode: 'http', conns: 64, units: 60_000, warmup: 60_000 },
    must: { node: 1.15 },
  },
  ...secureRows,
  {
    id: 'memory-idle',
    title: 'resident memory per idle connection',
    unit: 'connection',
    metric: 'residentKib',
    server: 'idle',
    load: { mode: 'memory', idle: 10_000, units: 1, warmup: 5_000 },
    must: { node: 0.7 },
    stretch: { node: 0.5 },
  },
  {
    id: 'memory-grown',
    title: 'the same, V8’s young generation fully grown before',
    unit: 'connection',
    metric: 'residentKib',
    server: 'idle-grown',
    load: { mode: 'memory', idle: 10_000, units: 1, warmup: 5_000 },
  },
  {
    id: 'listen',
    title: 'time to load the module and listen',
    unit: 'start',
    metric: 'wallMs',
    compare: 'difference',
    kind: 'start',
    server: 'listen',
    load: { starts: 7 },
    must: { node: 10 },
    stretch: { node: 5 },
  },
  {
    id: 'busy',
    title: '100 sockets ready at once, 2 ms handlers',
    unit: 'reply',
    metric: 'p50Ms',
    server: 'busy',
    load: { mode: 'atonce', conns: 100, size: 64, units: 600, warmup: 200 },
    must: { node: 1.05 },
    stretch: { node: 1 },
  },
];

/** One of several loads on the same contender; its ratios are those to the variant named `to`. */
const variant = (name, to, load, contender = 'ours') => ({ name, to, contender, load });

const activeVariants = (contender, label) =>
  [10, 100, 1_000, 10_000].map((conns) =>
    variant(`${label} ${conns}`, `${label} 10`, { conns }, contender),
  );

const idleVariants = (idle) => [
  variant('none idle', null, {}),
  variant(`${idle} idle`, 'none idle', { idle }),
];

/** Ratios within ours; where C is beside it, what of them is the kernel's. */
export const scaleRows = [
  {
    id: 'scale-idle',
    title: 'latency of 500 active connections, 15,000 idle ones beside them',
    metric: 'p50Ms',
    server: 'echo',
    load: ping(500, 64, 120_000),
    variants: idleVariants(15_000),
    must: { variants: 1.3 },
  },
  {
    id: 'scale-active',
    title: 'cost per message with 10 to 10,000 active connections',
    server: 'echo',
    load: ping(10, 64, 200_000),
    variants: [...activeVariants('ours', 'barewire'), ...activeVariants('c', 'C')],
    must: { variants: 1.5 },
  },
  {
    id: 'scale-idle-100k',
    title: 'latency of 500 active connections, 100,000 idle ones beside them',
    metric: 'p50Ms',
    server: 'echo',
    descriptors: 101_000,
    load: ping(500, 64, 120_000),
    variants: idleVariants(100_000),
    must: { variants: 1.3 },
  },
  {
    id: 'scale-reuseport',
    title: 'two processes on one port: connections of the busier one, of 4,000',
    unit: 'connection',
    metric: 'share',
    kind: 'reuseport',
    server: 'reuseport',
    load: ping(4_000, 64, 8_000),
    variants: [variant('ours', null, {})],
  },
];

/** What the load itself costs, in JavaScript and in C, against the C server. */
export const loadRows = [
  ['load-64-c64', ping(64, 64, 120_000)],
  ['load-256k-c4', ping(4, 256 * KIB, 7_000)],
].map(([id, load]) => ({
  id,
  title: `the load itself, ${load.size} B × ${load.conns}`,
  metric: 'loadCpuUs',
  server: 'echo',
  load,
  variants: [variant('C load', null, { lang: 'c' }, 'c'), variant('our load', 'C load', {}, 'c')],
}));
