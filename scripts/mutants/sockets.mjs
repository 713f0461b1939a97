// Ways to break connecting, sockets and addresses, C020 to C028 and C060 to C092. `find` must be
// in `file` exactly once.

const SOCKET = 'src/net/socket/socket.ts';
const CONNECTION = 'src/net/connection/connection.ts';
const INCOMING = 'src/net/connection/incoming.ts';
const OUTGOING = 'src/net/connection/outgoing.ts';
const CONNECT = 'src/net/socket/connect.ts';
const INIT = 'src/net/socket/create.ts';
const TARGET = 'src/net/socket/connect_request.ts';
const ARGUMENTS = 'src/net/options/arguments.ts';
const SETTINGS = 'src/net/connection/kernel_options.ts';
const OPTIONS = 'src/net/socket/set_options.ts';
const ATTEMPT = 'src/dial/attempt.ts';
const DIAL = 'src/dial/dial.ts';
const IP = 'src/util/ip.ts';

export default [
  {
    row: 'C020',
    file: TARGET,
    find: "options.host || 'localhost'",
    replace: "options.host || '127.0.0.2'",
  },
  {
    row: 'C020',
    file: TARGET,
    find: 'localAddress: (localAddress as string | undefined) || undefined,',
    replace: 'localAddress: undefined,',
  },
  {
    row: 'C020',
    file: CONNECT,
    find: 'if (options.port === undefined && (options.path === undefined',
    replace: 'if (socket === null && (options.path === undefined',
  },
  {
    row: 'C021',
    file: CONNECT,
    find: 'connectPath(socket, connection, request.path);',
    replace: "connectPath(socket, connection, request.path + 'x');",
  },
  {
    row: 'C022',
    file: INIT,
    find: 'allowHalfOpen: Boolean(options.allowHalfOpen),',
    replace: 'allowHalfOpen: true,',
  },
  {
    row: 'C022',
    file: INIT,
    find: 'allowHalfOpen: Boolean(options.allowHalfOpen),',
    replace: 'allowHalfOpen: false,',
  },
  {
    row: 'C023',
    file: ARGUMENTS,
    find: "if (typeof args[1] === 'string') options.host = args[1];",
    replace: '',
  },
  {
    row: 'C024',
    file: ARGUMENTS,
    find: 'else if (isPath(first)) options.path = first;',
    replace: 'else if (isPath(first)) options.host = first;',
  },
  {
    row: 'C025',
    file: CONNECT,
    find: "socket.once('connect', listener);",
    replace: "socket.on('connect', listener);",
  },
  {
    row: 'C026',
    file: CONNECT,
    find: '  connection.active();\n  socket.connecting = true;',
    replace: '  connection.active();\n  socket.connecting = false;',
  },
  {
    row: 'C027',
    file: ATTEMPT,
    find: "return status < 0 ? addressError(status, 'bind', address, port) : null;",
    replace: 'return null;',
  },
  {
    row: 'C028',
    file: DIAL,
    find: '    this.attemptFailed(to, failure, true);\n    if (!this.over) this.attemptNext();',
    replace:
      '    this.attemptFailed(to, failure, true);\n    if (!this.over) this.failWithErrors();',
  },
  {
    row: 'C028',
    file: DIAL,
    find: 'this.several ? allErrors(this.errors) : first',
    replace: 'first',
  },
  {
    row: 'C060',
    file: 'src/reactor/slab.ts',
    find: 'this.largeOffset = (end + ALIGN_BYTES - 1) & -ALIGN_BYTES;',
    replace: '',
  },
  {
    row: 'C061',
    file: INIT,
    find: '    ...others,\n    allowHalfOpen',
    replace: '    ...others,\n    readable: true,\n    allowHalfOpen',
  },
  {
    row: 'C061',
    file: INIT,
    find: 'const adopted = kernel.adopt(fd);',
    replace: 'const adopted = kernel.dup(fd);',
  },
  {
    row: 'C062',
    file: CONNECT,
    find: '    this.socket.destroy(error);',
    replace: "    this.socket.emit('connect');\n    this.socket.destroy(error);",
  },
  {
    row: 'C062',
    file: TARGET,
    find: "options.host || 'localhost'",
    replace: "options.host || '127.0.0.2'",
  },
  {
    row: 'C063',
    file: SOCKET,
    find: '(this[kConnection]?.open ? this.writableLength : undefined) as number;',
    replace: '(this[kConnection]?.open ? 0 : undefined) as number;',
  },
  { row: 'C064', file: INCOMING, find: '    state.decoder === null &&\n', replace: '' },
  {
    row: 'C065',
    file: 'src/net/server/acceptor.ts',
    find: '  readonly autoDestroy = true;\n',
    replace: "  readonly autoDestroy = true;\n  readonly defaultEncoding = 'latin1';\n",
  },
  {
    row: 'C066',
    file: INIT,
    find: 'highWaterMark: defaultHighWaterMark(),',
    replace: 'highWaterMark: 2 ** 30 + 0 * defaultHighWaterMark(),',
  },
  {
    row: 'C067',
    file: OUTGOING,
    find: 'report(connection, callback, null);',
    replace: 'report(connection, null, null);',
  },
  {
    row: 'C067',
    file: CONNECTION,
    find: '      callback(error);\n',
    replace: '      own.alsoInWritable = 0;\n',
  },
  {
    row: 'C068',
    file: CONNECTION,
    find: 'stream.queueAll(waiting);',
    replace: '',
  },
  {
    row: 'C069',
    file: SOCKET,
    find: 'const status = connection.shutdown();',
    replace: 'const status: number = 0;',
  },
  {
    row: 'C069',
    file: SOCKET,
    find: '    afterHandlers(connection.host',
    replace: '    this.destroy();\n    afterHandlers(connection.host',
  },
  {
    row: 'C070',
    file: CONNECTION,
    find: 'else stream.close();',
    replace: 'else stream.stopReading();',
  },
  {
    row: 'C071',
    file: INCOMING,
    find: 'chunk))) {\n    connection.stream?.stopReading();',
    replace: 'chunk))) {\n',
  },
  {
    row: 'C071',
    file: INCOMING,
    find: 'state.flowing === true &&',
    replace: 'state.flowing !== null &&',
  },
  {
    row: 'C072',
    file: 'src/net/connection/idle_timer.ts',
    find: '    else this.clear();\n    this.active();',
    replace: '    else this.clear();',
  },
  {
    row: 'C072',
    file: SOCKET,
    find: "else this.once('timeout', callback);",
    replace: "else this.on('timeout', callback);",
  },
  {
    row: 'C072',
    file: SOCKET,
    find: "    else this.emit('timeout');",
    replace: "    else this.emit('timeout') && this.destroy();",
  },
  {
    row: 'C072',
    file: OUTGOING,
    find: 'afterFlush(connection: Outgoing): void {\n  connection.active();',
    replace: 'afterFlush(connection: Outgoing): void {',
  },
  {
    row: 'C073',
    file: OPTIONS,
    find: 'if (changed && !socket.connecting) socket._handle?.setNoDelay?.(on);',
    replace: 'if (changed) return;',
  },
  { row: 'C073', file: SETTINGS, find: 'TCP_NODELAY, on ? 1 : 0)', replace: 'TCP_NODELAY, 1)' },
  {
    row: 'C074',
    file: OPTIONS,
    find: 'Math.trunc(Number(ms) / 1000) || 0',
    replace: 'Math.trunc(Number(ms)) || 0',
  },
  {
    row: 'C074',
    file: SETTINGS,
    find: '[TCP_KEEPIDLE, settings',
    replace: '[TCP_KEEPINTVL, settings',
  },
  { row: 'C074', file: SETTINGS, find: 'SO_KEEPALIVE, on ? 1 : 0)', replace: 'SO_KEEPALIVE, 1)' },
  {
    row: 'C075',
    file: SOCKET,
    find: 'addressInfo(stream, stream.localAddress());',
    replace: 'addressInfo(stream, stream.peerAddress());',
  },
  { row: 'C076', file: SOCKET, find: 'connection.stream?.unref();', replace: '' },
  { row: 'C076', file: SOCKET, find: 'connection.stream?.ref();', replace: '' },
  {
    row: 'C077',
    file: SOCKET,
    find: 'addressInfo(stream, stream.peerAddress());',
    replace: 'addressInfo(stream, stream.localAddress());',
  },
  {
    row: 'C078',
    file: SOCKET,
    find: "return option(this._getsockname(), 'address');",
    replace: "return option(this._getpeername(), 'address');",
  },
  {
    row: 'C079',
    file: SOCKET,
    find: 'connection.completedBytes + this.writableLength',
    replace: 'connection.completedBytes',
  },
  {
    row: 'C079',
    file: CONNECTION,
    find: 'if (stream !== null) this.bytesReadBefore = stream.bytesRead;',
    replace: '',
  },
  {
    row: 'C080',
    file: CONNECT,
    find: 'dial.start();',
    replace: "dial.start();\n  connection.host.clock.nextTick(() => socket.emit('connect'));",
  },
  {
    row: 'C081',
    file: INCOMING,
    find: 'Reflect.apply(data, socket, [chunk]);',
    replace: 'Reflect.apply(data, socket, [String(chunk)]);',
  },
  {
    row: 'C082',
    file: INCOMING,
    find: '  socket.push(null);\n  // With',
    replace: '  socket.destroy();\n  // With',
  },
  {
    row: 'C082',
    file: INCOMING,
    find: '  socket.push(null);\n  // With',
    replace: "  socket.emit('end');\n  socket.push(null);\n  // With",
  },
  {
    row: 'C083',
    file: INCOMING,
    find: 'const state = socket._readableState;\n  connection.active();',
    replace: 'const state = socket._readableState;',
  },
  {
    row: 'C083',
    file: OUTGOING,
    find: 'afterFlush(connection: Outgoing): void {\n  connection.active();',
    replace: 'afterFlush(connection: Outgoing): void {',
  },
  {
    row: 'C084',
    file: OUTGOING,
    find: 'report(connection, callback, null);',
    replace: '',
  },
  {
    row: 'C085',
    file: 'src/util/system_error.ts',
    find: '{ errno: status, code, syscall }',
    replace: '{ errno: status, code }',
  },
  {
    row: 'C085',
    file: 'src/util/system_error.ts',
    find: 'if (port) error.port = port;',
    replace: '',
  },
  {
    row: 'C086',
    file: SOCKET,
    find: 'emitClose(connection, error !== null);',
    replace: 'emitClose(connection, false);',
  },
  {
    row: 'C086',
    file: SOCKET,
    find: 'emitClose(connection, error !== null);',
    replace: 'emitClose(connection, error !== null);\n    emitClose(connection, error !== null);',
  },
  {
    row: 'C087',
    file: 'src/net/connection/handle.ts',
    find: 'if (noDelay) handle.setNoDelay?.(true);',
    replace: '',
  },
  { row: 'C087', file: CONNECTION, find: 'if (!this.referenced) stream.unref();', replace: '' },
  {
    row: 'C087',
    file: 'src/net/connection/idle_timer.ts',
    find: '    this.lastActive = this.clock.now();',
    replace: '    if (this.timer === null) this.lastActive = this.clock.now();',
  },
  {
    row: 'C087',
    file: 'src/net/connection/handle.ts',
    find: 'if (settings.keepAlive) setKeepAliveOn',
    replace: 'if (!settings.keepAlive) setKeepAliveOn',
  },
  {
    row: 'C088',
    file: INCOMING,
    find: 'if (listeners > 0 && flows(socket)) {',
    replace: 'if (!socket.destroyed) {',
  },
  {
    row: 'C088',
    file: INCOMING,
    find: '  const state = socket._readableState;\n  connection.active();\n',
    replace: '  const state = socket._readableState;\n  if (!state.flowing) return;\n',
  },
  {
    row: 'C090',
    file: IP,
    find: 'if (isIPv4(input)) return 4;',
    replace: 'if (isIPv4(input)) return 6;',
  },
  {
    row: 'C090',
    file: IP,
    find: 'export function isIPv6(input: unknown): boolean {',
    replace: 'export function isIPv6(input: string): boolean {\n  input.length;',
  },
  {
    row: 'C091',
    file: IP,
    find: 'export function isIPv6(input: unknown): boolean {',
    replace:
      'export function isIPv6(input: unknown): boolean {\n' +
      '  if (isV6Text(`` + input)) return 6 as never;',
  },
  { row: 'C092', file: IP, find: ' || value === 0) {', replace: ') {' },
  { row: 'C092', file: IP, find: 'gap ? groups <= 7', replace: 'gap ? groups <= 8' },
  { row: 'C092', file: IP, find: '[0-9a-zA-Z\\-.:]+$/', replace: '[0-9a-zA-Z.:]+$/' },
];
