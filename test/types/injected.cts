/** The module handed in where `node:net` is asked for, and the hook's, whichever it is. */
import * as nodeNet from 'node:net';
import { builtinNet, net, registered } from 'barewire/register';

import manual = require('barewire');
import node = require('barewire/node');

function startServer(port: number, given: typeof import('node:net') = node): nodeNet.Server {
  return given.createServer((socket) => socket.pipe(socket)).listen(port);
}

const whole: typeof nodeNet = manual;
const chosen: typeof nodeNet = process.platform === 'linux' ? node : nodeNet;
chosen.connect(1, 'localhost', () => {}).end();

const server = net.createServer((socket) => {
  socket.on('data', (data) => socket.write(data));
});
server.listen(0);

export const all = [startServer(0), startServer(0, manual), whole, registered, builtinNet];
export const listeners: number = node.Server.listenerCount(server, 'connection');
