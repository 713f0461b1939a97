// Every name is there and can be called or constructed, and nothing happens:
// no event, no I/O. A test that passes on this proves nothing about a socket.
const { EventEmitter } = require('node:events');
let ms = 500;
class Inert extends EventEmitter {}
for (const name of [
  'listen',
  'close',
  'address',
  'getConnections',
  'ref',
  'unref',
  'connect',
  'write',
  'end',
  'destroy',
  'destroySoon',
  'pause',
  'resume',
  'setTimeout',
  'setNoDelay',
  'setKeepAlive',
  'setEncoding',
  'pipe',
  'cork',
  'uncork',
  'resetAndDestroy',
]) {
  Inert.prototype[name] = function () {
    return this;
  };
}
class Socket extends Inert {}
class Server extends Inert {}
module.exports = {
  Socket,
  Stream: Socket,
  Server,
  BlockList: class BlockList {},
  SocketAddress: class SocketAddress {},
  createServer: () => new Server(),
  connect: () => new Socket(),
  createConnection: () => new Socket(),
  isIP: () => 0,
  isIPv4: () => false,
  isIPv6: () => false,
  getDefaultAutoSelectFamily: () => true,
  setDefaultAutoSelectFamily() {},
  getDefaultAutoSelectFamilyAttemptTimeout: () => ms,
  setDefaultAutoSelectFamilyAttemptTimeout: (v) => {
    ms = v;
  },
};
