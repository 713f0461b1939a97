// Ways to break the module and its servers, C001 to C054. `find` must be in `file` exactly once.

const LISTEN = 'src/net/server/listen.ts';
const REQUEST = 'src/net/server/listen_request.ts';
const SERVER = 'src/net/server/server.ts';
const ACCEPTOR = 'src/net/server/acceptor.ts';
const BIND = 'src/transport/bind.ts';

export default [
  {
    row: 'C003',
    file: 'src/register/net_name.ts',
    find: "return specifier === 'net' || specifier === 'node:net';",
    replace: "return specifier === 'node:net';",
  },
  { row: 'C001', file: 'src/node.mts', find: '= net.isIPv4;', replace: '= net.isIPv6;' },
  { row: 'C001', file: 'src/index.mts', find: 'export default net;', replace: 'export default 1;' },
  {
    row: 'C002',
    file: 'src/net/module.ts',
    find: 'createConnection: connect,',
    replace: 'createConnection: (...args: unknown[]) => connect(...args),',
  },
  {
    row: 'C010',
    file: SERVER,
    find: "if (typeof options === 'function') server.on('connection', options);",
    replace: "if (typeof options === 'function') given = {};",
  },
  {
    row: 'C010',
    file: SERVER,
    find: "if (typeof listener === 'function') server.on('connection', listener);",
    replace: '',
  },
  {
    row: 'C011',
    file: SERVER,
    find: 'server.allowHalfOpen = options.allowHalfOpen || false;',
    replace: 'server.allowHalfOpen = options.allowHalfOpen ?? true;',
  },
  {
    row: 'C012',
    file: SERVER,
    find: 'server.allowHalfOpen = options.allowHalfOpen || false;',
    replace: 'server.allowHalfOpen = false;',
  },
  {
    row: 'C013',
    file: 'src/transport/stream.ts',
    find: 'if (end === 0) this.owner.onReadEnd();',
    replace: 'if (end === 0) return;',
  },
  {
    row: 'C014',
    file: BIND,
    find: 'const { AF_UNIX, SOCK_STREAM } = kernel.constants;',
    replace: 'const { AF_UNIX, SOCK_SEQPACKET: SOCK_STREAM } = kernel.constants;',
  },
  {
    row: 'C030',
    file: SERVER,
    find: 'const backlog = toCount(args.length > 1 && args[1]) || ',
    replace: 'const backlog = ',
  },
  {
    row: 'C030',
    file: 'src/net/options/arguments.ts',
    find: "if (typeof args[1] === 'string') options.host = args[1];",
    replace: '',
  },
  {
    row: 'C031',
    file: LISTEN,
    find: "listenOnIp(server, request, '0.0.0.0');",
    replace: "listenOnIp(server, request, '127.0.0.1');",
  },
  {
    row: 'C031',
    file: 'src/net/profile.ts',
    find: "listenAny: 'dual-stack',",
    replace: "listenAny: 'ipv4',",
  },
  {
    row: 'C031',
    file: 'src/net/profile.ts',
    find: "listenAny: 'ipv4',",
    replace: "listenAny: 'dual-stack',",
  },
  {
    row: 'C031',
    file: LISTEN,
    find: 'if (fd >= 0 || fd === -errno.EADDRINUSE',
    replace: 'if (fd !== 0 || fd === -errno.EADDRINUSE',
  },
  {
    row: 'C032',
    file: BIND,
    find: 'status = kernel.bind(fd, domain, address, port);',
    replace: 'status = kernel.bind(fd, domain, address, port || 45678);',
  },
  { row: 'C033', file: REQUEST, find: 'BACKLOG = 511;', replace: 'BACKLOG = 512;' },
  {
    row: 'C033',
    file: 'src/transport/listener.ts',
    find: 'kernel.listen(this.fd, backlog)',
    replace: 'kernel.listen(this.fd, 511)',
  },
  {
    row: 'C034',
    file: LISTEN,
    find: `  acceptor.host.clock.nextTick(() => {
    if (acceptor.listening && acceptor.listeningId === id) server.emit('listening');
  });`,
    replace: "if (acceptor.listeningId === id) server.emit('listening');",
  },
  {
    row: 'C035',
    file: LISTEN,
    find: 'host.clock.nextTick(() => server._listenFailed(error));',
    replace: 'server._listenFailed(error);',
  },
  {
    row: 'C035',
    file: LISTEN,
    find: '  server[kAcceptor].listeningId++;\n',
    replace: "  if (server[kAcceptor].listeningId++ > 1) throw new Error('once');\n",
  },
  {
    row: 'C036',
    file: BIND,
    find: 'kernel.setsockopt(fd, c.SOL_SOCKET, c.SO_REUSEADDR, 1)',
    replace: 'kernel.setsockopt(fd, c.SOL_SOCKET, c.SO_REUSEADDR, 0)',
  },
  {
    row: 'C037',
    file: LISTEN,
    find: 'bindPath(acceptor.host, path)',
    replace: 'bindPath(acceptor.host, path.slice(0, 107))',
  },
  {
    row: 'C037',
    file: LISTEN,
    find: 'acceptor.file = new SocketFile(acceptor.host, path);',
    replace: 'acceptor.file = null;',
  },
  {
    row: 'C038',
    file: REQUEST,
    find: 'options._handle ?? options.handle ?? options',
    replace: 'options.handle ?? options',
  },
  {
    row: 'C038',
    file: 'src/transport/foreign.ts',
    find: 'return isStream ? host.kernel.dup(fd) : -errno.EINVAL;',
    replace: 'return isStream ? -errno.EBADF : -errno.EINVAL;',
  },
  {
    row: 'C039',
    file: SERVER,
    find: "if (listener !== null) this.once('listening', listener);",
    replace: "if (typeof args[0] !== 'object') this.once('listening', listener as never);",
  },
  {
    row: 'C040',
    file: SERVER,
    find: 'if (this.listening || this._connections > 0 || this[kAcceptor].waitsForWorkers) return;',
    replace: 'if (this.listening) return;',
  },
  {
    row: 'C040',
    file: SERVER,
    find: '    acceptor.stop();\n    this._pipeName = undefined;',
    replace: '    this._pipeName = undefined;',
  },
  {
    row: 'C041',
    file: SERVER,
    find: "if (acceptor.listening) this.once('close', callback);",
    replace: 'if (acceptor.listening) setImmediate(callback);',
  },
  {
    row: 'C042',
    file: 'src/net/addresses/address_info.ts',
    find: "=== AF_INET6 ? 'IPv6' : 'IPv4'",
    replace: "=== AF_INET6 ? 'IPv4' : 'IPv6'",
  },
  {
    row: 'C043',
    file: SERVER,
    find: 'if (listener === null && share === null) return null;',
    replace: 'if (this._connections === 0) return null;',
  },
  { row: 'C044', file: SERVER, find: 'this[kAcceptor].setReferenced(false);', replace: '' },
  {
    row: 'C044',
    file: 'src/transport/descriptor.ts',
    find: '    if (this.has(UNREFERENCED)) return;\n    this.mark(UNREFERENCED, true);',
    replace: '    this.mark(UNREFERENCED, true);',
  },
  { row: 'C045', file: SERVER, find: 'this[kAcceptor].setReferenced(true);', replace: '' },
  {
    row: 'C045',
    file: 'src/transport/descriptor.ts',
    find: '    if (!this.has(UNREFERENCED)) return;\n    this.mark(UNREFERENCED, false);',
    replace: '    this.mark(UNREFERENCED, false);',
  },
  {
    row: 'C046',
    file: ACCEPTOR,
    find: 'server._connections >= maxConnections',
    replace: 'server._connections > maxConnections',
  },
  {
    row: 'C046',
    file: ACCEPTOR,
    find: '      stream.close();\n      if (info === null)',
    replace: '      if (info === null)',
  },
  {
    row: 'C047',
    file: SERVER,
    find: 'workers.used ? null : this._connections;',
    replace: 'workers.used ? null : 1;',
  },
  {
    row: 'C048',
    file: SERVER,
    find: 'this._connections + elsewhere',
    replace: 'elsewhere',
  },
  {
    row: 'C048',
    file: SERVER,
    find: 'process.nextTick(callback, error,',
    replace: '(callback as (...args: unknown[]) => void)(error,',
  },
  {
    row: 'C049',
    file: 'src/transport/listener.ts',
    find: 'const status = kernel.listen(this.fd, backlog);',
    replace: 'const status = 0;',
  },
  {
    row: 'C050',
    file: ACCEPTOR,
    find: "server.emit('connection', socket);",
    replace: "if (server._connections < 3) server.emit('connection', socket);",
  },
  {
    row: 'C050',
    file: ACCEPTOR,
    find: "server.emit('connection', socket);",
    replace: "server.emit('connection', socket, 0);",
  },
  {
    row: 'C051',
    file: ACCEPTOR,
    find: '    server._connections++;\n    socket.server',
    replace: '    socket.server',
  },
  {
    row: 'C052',
    file: 'src/net/profile.ts',
    find: 'closeAfterError: true,',
    replace: 'closeAfterError: false,',
  },
  {
    row: 'C052',
    file: 'src/net/profile.ts',
    find: 'closeAfterError: false,',
    replace: 'closeAfterError: true,',
  },
  {
    row: 'C053',
    file: SERVER,
    find: '  /** Whether the server accepts connections. */',
    replace: '  override emit(name: string): boolean { return super.emit(name); }',
  },
  {
    row: 'C054',
    file: 'src/net/node/callable.ts',
    find: 'if (!(self instanceof construct)) return new Class(...args);',
    replace: 'if (!(self instanceof construct)) return new Class(...([] as unknown as Args));',
  },
  {
    row: 'C054',
    file: 'src/net/node/callable.ts',
    find: 'return Reflect.construct(Class, args, target as () => void);',
    replace: 'return Reflect.construct(Class, [], target as () => void);',
  },
  {
    row: 'C054',
    file: 'src/net/node/callable.ts',
    find: 'if (target === construct) return new Class(...args);',
    replace: 'if (target === construct) return new Class(...([] as unknown as Args));',
  },
];
