// Bugs to plant, one at a time: an exact snippet of the source and what takes its place. They were
// chosen by what goes wrong in networking code, not by what the simulator is good at finding.
export default [
  {
    name: 'lost wake-up: what is left after the read budget waits for an event',
    file: 'src/transport/reading.ts',
    find: 'else reactor.runNextTurn(end);',
    replace: '',
  },
  {
    name: 'double close: a descriptor keeps its number after close',
    file: 'src/transport/descriptor.ts',
    find: 'if (fd < 0) return 0;\n    this.fd = -1;\n',
    replace: 'if (fd < 0) return 0;\n',
  },
  {
    name: 'a write callback runs twice',
    file: 'src/net/connection/outgoing.ts',
    find: 'callback?.(error);\n  else',
    replace: 'for (const one of [callback, callback]) one?.(error);\n  else',
  },
  {
    name: 'a stale event after reuse: the generation of a slot does not rise',
    file: 'src/reactor/reactor.ts',
    find: 'this.generations[slot] = ((this.generations[slot] ?? 0) + 1) | 0;',
    replace: '',
  },
  {
    name: 'a byte dropped on a partial write',
    file: 'src/transport/write_queue.ts',
    find: 'if (sent > 0) this.advance(sent);',
    replace: 'if (sent > 0) this.advance(sent < this.lengthBytes ? sent + 1 : sent);',
  },
  {
    name: 'bytes doubled on a partial write: what was sent of the first chunk is sent again',
    file: 'src/transport/write_queue.ts',
    find: 'const part = skip === 0 && fits ? chunk : chunk.subarray(skip, skip + most - at);',
    replace: 'const part = skip === 0 && fits ? chunk : chunk.subarray(0, most - at);',
  },
  {
    name: 'a full buffer is not waited for: the rest of a write stays behind',
    file: 'src/transport/stream.ts',
    find: 'else if (sent === -errno.EAGAIN) return this.block();',
    replace: 'else if (sent === -errno.EAGAIN) return 0;',
  },
  {
    name: 'FIN behind the last bytes is not read',
    file: 'src/transport/reading.ts',
    find: ' && !end.shortReadMayGoOn) end.readable = false;\n    if (slab.cuts',
    replace: ') end.readable = false;\n    if (slab.cuts',
  },
  {
    name: 'one connection accepted per event',
    file: 'src/transport/listener.ts',
    find: 'if (--this.waiting > 0) this.goOn();\n    else this.readable = false;',
    replace: 'this.readable = false;',
  },
  {
    name: 'a server forgets to count a socket out',
    file: 'src/net/server/acceptor.ts',
    find: 'server._connections++;',
    replace: 'server._connections += server._connections === 3 ? 2 : 1;',
  },
  {
    name: 'the idle timer fires though there was activity',
    file: 'src/net/connection/idle_timer.ts',
    find: 'if (leftMs > 0.5) this.arm(Math.ceil(leftMs));',
    replace: 'if (leftMs > 1e6) this.arm(Math.ceil(leftMs));',
  },
  {
    name: 'what a write callback throws is reported to nobody',
    file: 'src/net/socket/write.ts',
    find: 'connection.host.kernel.hookReport(thrown);',
    replace: '',
  },
  {
    name: 'the descriptor of a failed connection stays open',
    file: 'src/dial/attempt.ts',
    find: 'const error = connectError(status, to, target);\n    stream.close();',
    replace: 'const error = connectError(status, to, target);',
  },
  {
    name: 'any wake-up counts as connected',
    file: 'src/transport/stream.ts',
    find: 'if (failed === 0 && this.peerAddress() === -errno.ENOTCONN) return;',
    replace: '',
  },
  {
    name: 'a write that joins the one under way is counted and not queued',
    file: 'src/net/connection/connection.ts',
    find: 'stream.queue(chunk);\n      const isMuch',
    replace: 'const isMuch',
  },
  {
    name: 'a write that fails ends the socket with what the peer said before unread',
    file: 'src/net/connection/outgoing.ts',
    find: "if (!connection.putOff(status, 'write')) end",
    replace: 'end',
  },
];
