/**
 * No program may get hold of the memory that the C file keeps a pointer to. The test goes through
 * everything that Node shows to a program, and through all that can be reached from there.
 */
import { test } from 'node:test';
import { assertPrints } from './support.js';

const LOOK = `
  const { AsyncLocalStorage, createHook, executionAsyncResource } = require('node:async_hooks');
  const path = require('node:path');
  const { types } = require('node:util');
  const seen = [];
  const note = (...values) => { for (const value of values) seen.push(value); };
  const NODE = PATH_OF_NODE;
`;

/** All objects that can be reached from those noted. What is found is told by its kind. */
const SEARCH = `
  function search() {
    const known = new Set();
    const queue = [...seen];
    const push = (value) => {
      const isObject = (typeof value === 'object' && value !== null) || typeof value === 'function';
      if (!isObject || known.has(value)) return;
      known.add(value);
      queue.push(value);
    };
    for (const value of queue.splice(0)) push(value);
    while (queue.length > 0) {
      const one = queue.pop();
      if (ArrayBuffer.isView(one)) { push(one.buffer); continue; }
      push(Object.getPrototypeOf(one));
      for (const key of Reflect.ownKeys(one)) {
        const property = Object.getOwnPropertyDescriptor(one, key);
        push(property?.value);
        push(property?.get);
        push(property?.set);
      }
      // What getters give, as a reader of the object would see it.
      for (let of = one; of !== null; of = Object.getPrototypeOf(of)) {
        for (const key of Reflect.ownKeys(of)) {
          if (!Object.getOwnPropertyDescriptor(of, key)?.get) continue;
          try { push(Reflect.get(of, key, one)); } catch {}
        }
      }
      if (types.isMap(one)) Map.prototype.forEach.call(one, (of, key) => (push(key), push(of)));
      if (types.isSet(one)) Set.prototype.forEach.call(one, push);
    }
    return known;
  }
  /** The words of the hook, and those of the quick calls: nothing else is made of these. */
  function found() {
    const words = [...search()].filter((one) =>
      one instanceof Int32Array || one instanceof SharedArrayBuffer);
    return words.map((one) => one.constructor.name + ' of ' + (one.length ?? one.byteLength));
  }
`;

/** Connections whose every handler, tick and promise job notes what it is shown. */
const TRAFFIC = `
  const look = function () { note(executionAsyncResource(), this); };
  const all = async () => {
    look();
    process.nextTick(look);
    queueMicrotask(look);
    setImmediate(look);
    await null;
    look();
    await 1;
    look();
  };
  function traffic(net, done) {
    const server = net.createServer((socket) => {
      note(socket, socket._handle);
      all();
      socket.on('data', async (data) => { note(data); await all(); socket.end(data); });
      for (const name of ['end', 'finish', 'close']) socket.on(name, all);
    });
    note(server, net);
    server.listen(0, '127.0.0.1', () => {
      note(server._handle);
      let left = 4;
      for (let i = 0; i < 4; i++) {
        const client = net.connect(server.address().port, '127.0.0.1');
        note(client, client._handle);
        for (const name of ['connect', 'end', 'close']) client.on(name, all);
        client.on('data', all);
        client.on('connect', () => client.write('hello'));
        client.on('close', () => { if (--left === 0) server.close(() => setTimeout(done, 20)); });
      }
    });
  }
`;

function program(before: string, after = ''): string {
  const node = `path.join(${JSON.stringify(process.cwd())}, 'dist/node.js')`;
  return `${LOOK.replace('PATH_OF_NODE', node)}${SEARCH}${TRAFFIC}
    ${before}
    const net = require(NODE);
    traffic(net, () => {
      ${after}
      const words = found();
      console.log(words.length === 0 ? 'nothing of ' + (seen.length > 60) : words.join());
      // Some of Node's own getters reject promises where they are called so.
      process.exit();
    });
  `;
}

test('handlers, ticks and promise jobs are shown no memory of the C file', () => {
  assertPrints(program(''), ['nothing of true']);
});

test('nor is who watches asynchronous resources, or keeps a context', () => {
  const hooks = `
    const storage = new AsyncLocalStorage();
    createHook({
      init: (id, type, trigger, resource) => note(resource),
      before: () => note(executionAsyncResource()),
      after: () => note(executionAsyncResource()),
    }).enable();
    storage.enterWith({ note });
  `;
  assertPrints(program(hooks), ['nothing of true']);
});

test('nor is who asks stack traces, domains, or properties that every object has', () => {
  const hooks = `
    Error.prepareStackTrace = (error, sites) => {
      for (const site of sites) note(site.getThis(), site.getFunction());
      return String(error);
    };
    require('node:domain');
    Object.defineProperty(Object.prototype, 'domain', {
      get() { note(this); return undefined; },
      set(value) { note(this); Object.defineProperty(this, 'domain', { value, writable: true }); },
      configurable: true,
    });
  `;
  const after = "delete Object.prototype.domain; note(new Error('x').stack);";
  assertPrints(program(hooks, after), ['nothing of true']);
});

test('nor is who catches what a handler throws', () => {
  const hooks = `
    process.on('uncaughtException', function (error, origin) {
      note(this, error, origin, executionAsyncResource());
    });
    const thrower = require(NODE).createServer((socket) => {
      socket.destroy();
      thrower.close();
      throw Object.assign(new Error('thrown'), { socket });
    });
    thrower.listen(0, '127.0.0.1', () => {
      require(NODE).connect(thrower.address().port, '127.0.0.1').on('error', () => {});
    });
  `;
  assertPrints(program(hooks), ['nothing of true']);
});

test('nor is who goes through the modules, and puts his own functions in their places', () => {
  const hooks = `
    const { call, apply, bind } = Function.prototype;
    Function.prototype.call = function (...given) {
      if (given.some(ArrayBuffer.isView)) note(...given);
      return Reflect.apply(this, given[0], given.slice(1));
    };
    require(NODE);
    for (const module of Object.values(require.cache)) note(module.exports);
    for (const { exports } of Object.values(require.cache)) {
      const { linux, systemHost } = exports ?? {};
      for (const owner of [linux, systemHost?.().kernel, systemHost?.().reactor?.kernel]) {
        for (const name of owner ? Object.keys(owner) : []) {
          const own = owner[name];
          if (typeof own !== 'function') continue;
          // What is frozen keeps its own.
          try { owner[name] = (...given) => { note(...given); return own(...given); }; } catch {}
        }
      }
    }
    const host = Object.values(require.cache).map(({ exports }) => exports?.systemHost?.())
      .find((one) => one !== undefined);
    host.reactor.kernel = {
      ...kernel,
      hookOpen: (...given) => { note(...given); return kernel.hookOpen(...given); },
    };
  `;
  assertPrints(program(hooks, 'Function.prototype.call = call;'), ['nothing of true']);
});

test('memory of ours that is transferred away takes no connection along', () => {
  assertPrints(
    `
    const net = require(${JSON.stringify(`${process.cwd()}/dist/node.js`)});
    const gone = (memory) => {
      // Node's own pool, which small chunks may lie in: without it Buffer.allocUnsafe throws.
      if (memory === Buffer.allocUnsafe(1).buffer) return;
      try { structuredClone(memory, { transfer: [memory] }); } catch {}
      try { memory.transfer?.(); } catch {}
      try { memory.resize?.(0); } catch {}
    };
    let got = 0;
    const server = net.createServer((socket) => {
      socket.on('data', (data) => {
        got += data.length;
        gone(data.buffer);
        socket.write(Buffer.alloc(1, 'y'));
      });
      socket.on('end', () => socket.end());
    });
    server.listen(0, '127.0.0.1', () => {
      const client = net.connect(server.address().port, '127.0.0.1');
      let left = 200;
      let sent = 0;
      client.on('data', (data) => gone(data.buffer));
      const next = () => {
        if (left-- === 0) { client.end(); return; }
        const mine = Buffer.alloc(left % 3 === 0 ? 100000 : 10, 'x');
        sent += mine.length;
        client.write(mine);
        setImmediate(next);
      };
      next();
      client.on('close', () => { console.log(got === sent); server.close(); });
    });
  `,
    ['true'],
  );
});
