// Packages that look at sockets from the side: contexts, handles of Node's own.
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { close, listen } from '../kit/tools.mjs';

export const packages = ['continuation-local-storage'];
export const about = { 'wtfnode: a server and both ends of a connection': ['wtfnode'] };

const require = createRequire(import.meta.url);

export const scenarios = {
  async 'the context of connect in data and at the end'() {
    const { createNamespace } = require('continuation-local-storage');
    const net = require('node:net');
    const namespace = createNamespace('scenario');
    const server = net.createServer((socket) => socket.end('hello'));
    const port = await listen(server);
    const ways = {
      connect: () => net.connect(port, '127.0.0.1'),
      options: () => net.createConnection({ port, host: '127.0.0.1' }),
      socket: () => new net.Socket().connect(port, '127.0.0.1'),
    };
    const seen = {};
    for (const [name, way] of Object.entries(ways)) {
      const told = [];
      const socket = namespace.runAndReturn(() => {
        namespace.set('id', name);
        const made = way();
        for (const event of ['data', 'end']) {
          made.on(event, () => told.push([event, namespace.get('id')]));
        }
        return made;
      });
      await once(socket, 'close');
      seen[name] = told;
    }
    await close(server);
    return seen;
  },

  async 'wtfnode: a server and both ends of a connection'() {
    const wtfnode = require('wtfnode');
    const lines = [];
    wtfnode.setLogger('info', (...args) => lines.push(args.join(' ')));
    const net = require('node:net');
    const server = net.createServer((socket) => socket.resume());
    const port = await listen(server);
    const accepted = once(server, 'connection');
    const socket = net.connect(port, '127.0.0.1');
    const [[far]] = await Promise.all([accepted, once(socket, 'connect')]);
    wtfnode.dump();
    const told = lines.join('\n');
    const { localPort } = socket;
    const seen = [`${localPort} -> 127.0.0.1:${port}`, `${port} -> 127.0.0.1:${localPort}`];
    const result = [...seen, `127.0.0.1:${port} (TCP)`].map((line) => told.includes(line));
    socket.destroy();
    await once(far, 'close');
    await close(server);
    return result;
  },
};
