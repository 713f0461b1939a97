/** A program as people write it against `@types/node`'s `net`, with another module's name in it. */
import * as http from 'node:http';
import type * as nodeNet from 'node:net';
import * as tls from 'node:tls';
import * as net from 'barewire/node';

const isBlocked = (list: net.BlockList, address: string, family: net.IPVersion): boolean =>
  list.check(address, family);
const lookup: net.LookupFunction = (_hostname, options, callback) => {
  if (options.all) callback(null, [{ address: '127.0.0.1', family: 4 }]);
  else callback(null, '127.0.0.1', 4);
};
const onread: net.OnReadOpts = { buffer: Buffer.alloc(10), callback: (bytes) => bytes > 0 };
const tcp: net.TcpNetConnectOpts = { port: 1, host: 'a', lookup, onread, timeout: 5 };
const ipc: net.IpcNetConnectOpts = { path: '/x', timeout: 5 };
const either: net.NetConnectOpts = Math.random() > 2 ? tcp : ipc;
const forSocket: net.SocketConnectOpts = either;
const serverOptions: net.ServerOpts = { allowHalfOpen: true, noDelay: true, highWaterMark: 1 };
const listenOptions: net.ListenOptions = { port: 0, host: 'h', exclusive: true, backlog: 3 };
const socketOptions: net.SocketConstructorOpts = { fd: 3, readable: true, allowHalfOpen: false };
const address = new net.SocketAddress({ address: '::1', family: 'ipv6' });
const state: net.SocketReadyState = 'opening';

class Counting extends net.Socket {
  count = 0;
  constructor(options?: net.SocketConstructorOpts) {
    super(options);
    this.on('data', (data) => {
      this.count += data.length;
    });
  }
}

class Named extends net.Server {
  readonly name = 'named';
  override close(callback?: (error?: Error) => void): this {
    return super.close(callback);
  }
}

export function program(host?: string): net.Server {
  const client: net.Socket = net.connect(either, () => client.end('x', 'utf8', () => {}));
  client.setEncoding('utf8').on('data', (text: string) => text.charCodeAt(0));
  client.on('error', (error: NodeJS.ErrnoException) => error.code);
  client.on('error', (error: Error) => error.message);
  client.on('lookup', (error: Error, ip: string, family: string | number) => [error, ip, family]);
  client.on('close', (hadError: boolean) => hadError);
  client.once('timeout', () => client.setTimeout(3000, () => client.destroy()));
  client.on('something of my own', (...args: number[]) => args.length);
  client.connect(forSocket).setKeepAlive(true, 5).setNoDelay().ref().unref();
  const local = client.address() as net.AddressInfo;
  net.connect(local.port, host, () => state);
  net.createConnection({ port: 1 });
  new Counting(socketOptions).connect(1);
  const server = net.createServer(serverOptions, (socket: net.Socket) => socket.pipe(socket));
  server.on('connection', (socket) => socket.remoteAddress?.length);
  server.on('error', (error: NodeJS.ErrnoException) => error.code);
  server.on('drop', (data?: net.DropArgument) => data?.remotePort);
  server.listen(listenOptions, () => {
    const bound = server.address();
    return typeof bound === 'string' ? bound : bound?.port;
  });
  server.getConnections((error, count) => [error, count]);
  server.maxConnections = 5;
  isBlocked(new net.BlockList(), address.address, address.family);
  new Named({ noDelay: true }, (socket) => socket.end()).close();
  return server;
}

/** Where others want the built-in's socket. */
export function handedOver(socket: net.Socket, server: net.Server): void {
  const asBuiltIn: nodeNet.Socket = socket;
  const asServer: nodeNet.Server = server;
  tls.connect({ socket });
  new tls.TLSSocket(socket);
  http.request({ createConnection: () => socket });
  http.createServer().emit('connection', socket);
  const options = { createConnection: () => net.createConnection({ port: 1 }) };
  http.get({ ...options, agent: new http.Agent({ keepAlive: true }) });
  void [asBuiltIn, asServer];
}

/** One listener for either of two. */
export function listenToEither(
  socket: net.Socket | nodeNet.Socket,
  any: net.Socket | net.Server,
): void {
  socket.on('close', () => {});
  any.on('error', (error: NodeJS.ErrnoException) => error.code);
}

/** As `ws` has it in its `ClientOptions`. */
export const ws: { createConnection?: typeof nodeNet.createConnection } = {
  createConnection: (...args: unknown[]): net.Socket => net.connect(args[0] as net.NetConnectOpts),
};

/** As `pg` has it in its `ClientConfig`: any Duplex. */
export const pg: { stream?: () => import('node:stream').Duplex } = {
  stream: () => new net.Socket(),
};
