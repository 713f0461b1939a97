/**
 * The package loaded twice in one thread, as test runners with a module registry of their own do:
 * a server of one copy and a client of the other. Prints what came back.
 * Argument: 'cache' for an emptied require cache, 'registry' for another realm's registry.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { createContext, runInContext } from 'node:vm';
import type { AddressInfo } from 'barewire';

type Net = typeof import('barewire');
type Wrapper = (...args: unknown[]) => void;

function loadAgain(): Net {
  for (const key of Object.keys(require.cache)) delete require.cache[key];
  return require('barewire') as Net;
}

/** A registry like Jest's: each file evaluated in a context of its own, never by Node's loader. */
function loadInRegistry(): Net {
  const context = createContext({ process, Buffer, Uint8Array, Int32Array, Error, setTimeout });
  const modules = new Map<string, { exports: unknown }>();
  const load = (path: string): unknown => {
    const known = modules.get(path);
    if (known !== undefined) return known.exports;
    const module = { exports: {} as unknown };
    modules.set(path, module);
    const source = readFileSync(path, 'utf8');
    const text = `(function (exports, require, module, __filename, __dirname) {${source}\n})`;
    const wrapper = runInContext(text, context, { filename: path }) as Wrapper;
    const inner = createRequire(path);
    const requireInside = (id: string): unknown => {
      const found = inner.resolve(id);
      // Built-in modules and native files are the outer process's, as under Jest.
      return found.startsWith('/') && found.endsWith('.js') ? load(found) : inner(id);
    };
    wrapper(module.exports, requireInside, module, path, dirname(path));
    return module.exports;
  };
  return load(require.resolve('barewire')) as Net;
}

const first = require('barewire') as Net;
const second = process.argv[2] === 'registry' ? loadInRegistry() : loadAgain();

async function echo(serving: Net, connecting: Net): Promise<string> {
  const server = serving.createServer((socket) => socket.pipe(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const socket = connecting.connect({ port, host: '127.0.0.1' });
  socket.end('through two copies');
  let text = '';
  await new Promise<void>((resolve) => {
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.on('close', () => resolve());
  });
  await new Promise((resolve) => server.close(resolve));
  return text;
}

async function main(): Promise<void> {
  const texts = [await echo(first, second), await echo(second, first)];
  console.log(JSON.stringify({ distinct: first.Socket !== second.Socket, texts }));
}

void main();
