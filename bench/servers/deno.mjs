// The scenarios on Deno's own API: deno.mjs SCENARIO tcp|/PATH, deno.mjs client PORT CONNECTIONS
const { Deno } = globalThis;
const [scenario, where, count] = Deno.args;

const BUFFER_BYTES = 64 * 1024;
const BURST = 100;
const BUSY_MS = 2;
const chunk = new Uint8Array(32);

async function put(connection, bytes) {
  for (let at = 0; at < bytes.length; ) at += await connection.write(bytes.subarray(at));
}

const HANDLERS = {
  echo: put,
  async burst(connection) {
    for (let i = 0; i < BURST; i++) await put(connection, chunk);
  },
  async churn(connection, data) {
    await put(connection, data);
    return false;
  },
  sink() {},
  async busy(connection, data) {
    const end = performance.now() + BUSY_MS;
    while (performance.now() < end);
    await put(connection, data);
  },
  async idle(connection, data) {
    for (let i = 0; i < 3; i++) globalThis.gc?.();
    await put(connection, data);
  },
};

async function serve(connection) {
  const handler = HANDLERS[scenario] ?? put;
  const buffer = new Uint8Array(scenario === 'idle' ? 1 : BUFFER_BYTES);
  try {
    for (;;) {
      const count = await connection.read(buffer);
      if (count === null) break;
      if ((await handler(connection, buffer.subarray(0, count))) === false) break;
    }
    connection.close();
  } catch {
    // The load went away.
  }
}

async function relay(connection) {
  const upstream = await Deno.connect({ hostname: '127.0.0.1', port: Number(where) });
  await Promise.allSettled([
    connection.readable.pipeTo(upstream.writable),
    upstream.readable.pipeTo(connection.writable),
  ]);
}

if (scenario === 'client') {
  for (let i = 0; i < Number(count); i++) {
    void serve(await Deno.connect({ hostname: '127.0.0.1', port: Number(where) }));
  }
  console.log('ready 0');
} else {
  const listener = where.startsWith('/')
    ? Deno.listen({ transport: 'unix', path: where })
    : Deno.listen({ hostname: '0.0.0.0', port: 0 });
  if (scenario === 'listen') Deno.exit();
  console.log(`ready ${listener.addr.port ?? 0}`);
  for await (const connection of listener) {
    void (scenario === 'relay' ? relay(connection) : serve(connection));
  }
}
