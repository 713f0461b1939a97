// Small helpers that scenarios share.
import { createHash } from 'node:crypto';
import { once } from 'node:events';

/** Listens on a free port of 127.0.0.1 and returns it. */
export async function listen(server, options = {}) {
  server.listen({ port: 0, host: '127.0.0.1', ...options });
  await once(server, 'listening');
  return server.address().port;
}

export function close(server) {
  return new Promise((resolve, reject) => {
    server.close((error) => (error ? reject(error) : resolve()));
  });
}

/** Waits for an event; unlike `once`, an `'error'` before it does not matter. */
export function event(emitter, name) {
  return new Promise((resolve) => emitter.once(name, (...args) => resolve(args)));
}

/** Tries until it works, for half a minute. */
export async function eventually(attempt) {
  const deadline = Date.now() + 30_000;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

/** Bytes that look random and are the same each time. */
export function bytes(length, seed = 1) {
  const out = Buffer.alloc(length);
  let state = seed;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    out[i] = state >> 16;
  }
  return out;
}

export function sha(...chunks) {
  const hash = createHash('sha256');
  for (const chunk of chunks) hash.update(chunk);
  return hash.digest('hex').slice(0, 16);
}

/** The digest and length of all that a stream gives. */
export async function digest(stream) {
  const hash = createHash('sha256');
  let length = 0;
  for await (const chunk of stream) {
    hash.update(chunk);
    length += chunk.length;
  }
  return { length, sha: hash.digest('hex').slice(0, 16) };
}

/** What `error` is, without what differs from run to run. */
export function about(error) {
  return { name: error?.name, code: error?.code, syscall: error?.syscall };
}
