/** Every way of importing, from CommonJS. */
import net = require('barewire');
import promises = require('barewire/promises');
import nodeNet = require('barewire/node');

const socket: net.Socket = new net.Socket();
const server: nodeNet.Server = nodeNet.createServer();
export = { socket, server, list: new net.BlockList(), connect: promises.connect };
