// The scenarios on Bun's own API: bun.mjs SCENARIO tcp|/PATH, bun.mjs client PORT CONNECTIONS
const [scenario, where, count] = process.argv.slice(2);

const BURST = 100;
const BUSY_MS = 2;
const chunk = Buffer.alloc(32, 'x');

/** Writes; keeps what did not fit for `drain`, as Bun's API asks its users to. */
function put(socket, bytes) {
  if (socket.data.rest !== null) {
    socket.data.rest = Buffer.concat([socket.data.rest, bytes]);
    return;
  }
  const taken = socket.write(bytes);
  if (taken >= 0 && taken < bytes.length) socket.data.rest = Buffer.from(bytes.subarray(taken));
}

function drain(socket) {
  const { rest } = socket.data;
  if (rest === null) return;
  socket.data.rest = null;
  put(socket, rest);
}

const HANDLERS = {
  echo: put,
  burst(socket) {
    for (let i = 0; i < BURST; i++) put(socket, chunk);
  },
  churn: (socket, data) => socket.end(data),
  sink() {},
  busy(socket, data) {
    const end = performance.now() + BUSY_MS;
    while (performance.now() < end);
    put(socket, data);
  },
  idle(socket, data) {
    for (let i = 0; i < 3; i++) globalThis.Bun.gc(true);
    put(socket, data);
  },
};

const socket = {
  open: (opened) => {
    opened.data = { rest: null };
  },
  data: HANDLERS[scenario] ?? put,
  drain,
  error() {},
};

if (scenario === 'client') {
  for (let i = 0; i < Number(count); i++) {
    await globalThis.Bun.connect({ hostname: '127.0.0.1', port: Number(where), socket });
  }
  console.log('ready 0');
} else {
  const at = where.startsWith('/') ? { unix: where } : { hostname: '0.0.0.0', port: 0 };
  const listener = globalThis.Bun.listen({ ...at, socket });
  if (scenario === 'listen') process.exit();
  console.log(`ready ${listener.port ?? 0}`);
}
