// Preloaded into a Node of this machine's libc, gives barewire a kernel whose calls are made by the
// shipped musl binary, in a process of musl's own (host.c, which says what goes over the pipes).
// BAREWIRE_MUSL_HOST is that program, BAREWIRE_MUSL_BINARY what it loads. BAREWIRE_NATIVE is a file
// that no loader takes, so that nothing but this can have loaded it.
const { execFileSync, spawn } = require('node:child_process');
const { mkdtempSync, openSync, readSync, rmSync, writeSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');

const SHARED_WORDS = 5;
const WORD_TURN = 2;
const WORD_FLUSH = 4;
/** Calls that take (fd, bytes, offset, length): only that part of the bytes is sent. */
const WITH_SPAN = new Set(['read', 'peek', 'write', 'sendRights', 'readRights']);

/** A FIFO read by exact amounts. */
class Reader {
  held = Buffer.alloc(0);

  constructor(fd) {
    this.fd = fd;
  }

  take(size) {
    while (this.held.length < size) {
      const more = Buffer.alloc(Math.max(65_536, size));
      const count = readSync(this.fd, more);
      if (count === 0) throw new Error('the musl process has ended');
      this.held = Buffer.concat([this.held, more.subarray(0, count)]);
    }
    const taken = this.held.subarray(0, size);
    this.held = this.held.subarray(size);
    return taken;
  }

  count() {
    return this.take(4).readUInt32LE();
  }

  text() {
    return String(this.take(this.count()));
  }

  value() {
    const kind = String(this.take(1));
    if (kind === 'd') return this.take(8).readDoubleLE();
    if (kind === 'b') return this.take(1)[0] !== 0;
    if (kind === 't') return this.text();
    if (kind === 'y') return this.take(this.count());
    if (kind === 'l') return Array.from({ length: this.count() }, () => this.value());
    if (kind !== 'o') return kind;
    const pairs = Array.from({ length: this.count() }, () => [this.text(), this.value()]);
    return Object.fromEntries(pairs);
  }
}

function count(number) {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(number);
  return bytes;
}

function sized(kind, bytes) {
  return Buffer.concat([Buffer.from(kind), count(bytes.length), bytes]);
}

function number(from) {
  const bytes = Buffer.from('d........');
  bytes.writeDoubleLE(from, 1);
  return bytes;
}

function encode(from) {
  if (typeof from === 'number') return number(from);
  if (typeof from === 'boolean') return Buffer.from(from ? 'b\x01' : 'b\x00');
  if (typeof from === 'string') return sized('t', Buffer.from(from));
  if (typeof from === 'function') return Buffer.from('f');
  if (from instanceof Uint8Array) return sized('y', from);
  if (from instanceof Int32Array) return Buffer.concat([Buffer.from('c'), count(from.length)]);
  if (!Array.isArray(from)) return Buffer.from('u');
  return Buffer.concat([Buffer.from('l'), count(from.length), ...from.map(encode)]);
}

/** Without the bytes that the call does not mean. */
function narrowed(name, given) {
  const [fd, bytes, offset, length, ...others] = given;
  if (!WITH_SPAN.has(name) || !(bytes instanceof Uint8Array)) return given;
  if (!(offset >= 0 && length >= 0 && offset + length <= bytes.length)) return given;
  return [fd, bytes.subarray(offset, offset + length), 0, length, ...others];
}

/** What the call wrote into its arguments. */
function copyBack(given, left) {
  if (given instanceof Uint8Array) given.set(left);
  else if (Array.isArray(given)) {
    for (const [at, value] of left.entries()) {
      if (given[at] instanceof Uint8Array) copyBack(given[at], value);
      else given[at] = value;
    }
  }
}

class Host {
  control = new Int32Array(SHARED_WORDS);
  dispatch = null;
  noticed = Buffer.alloc(0);

  constructor(program, binary) {
    const folder = mkdtempSync(join(tmpdir(), 'barewire-musl-'));
    const paths = ['requests', 'replies'].map((name) => join(folder, name));
    execFileSync('mkfifo', paths);
    this.requests = openSync(paths[0], 'r+');
    const stdio = ['ignore', 'inherit', 'inherit', 'pipe'];
    this.child = spawn(program, [binary, ...paths, '3'], { stdio });
    this.child.unref();
    this.notices = this.child.stdio[3];
    this.notices.unref();
    this.notices.on('data', (bytes) => this.notice(bytes));
    // Waits until the host has it open, and reads an end once the host is gone.
    this.reader = new Reader(openSync(paths[1], 'r'));
    this.exports = this.reader.value();
    rmSync(folder, { recursive: true });
  }

  send(kind, ...parts) {
    const { buffer, byteOffset } = this.control;
    const words = Buffer.from(buffer, byteOffset, SHARED_WORDS * 4);
    const all = Buffer.concat([Buffer.from(kind), words, ...parts]);
    for (let at = 0; at < all.length; ) at += writeSync(this.requests, all, at);
  }

  call(name, all) {
    const given = narrowed(name, all);
    this.send('C', encode(name), count(given.length), ...given.map(encode));
    const returned = this.reader.value();
    const left = Array.from({ length: this.reader.count() }, () => this.reader.value());
    for (const [at, value] of left.entries()) copyBack(given[at], value);
    return returned;
  }

  /** One dispatch. The host goes on when ticks and promise jobs have run, as under Node-API. */
  notice(bytes) {
    this.noticed = Buffer.concat([this.noticed, bytes]);
    const size = 4 + this.control.byteLength;
    if (this.noticed.length < size) return;
    const what = this.noticed.readInt32LE();
    const words = new Int32Array(new Uint8Array(this.noticed.subarray(4, size)).buffer);
    // The other words are this side's, and may have changed since the host read them.
    this.control.set(words.subarray(WORD_TURN, WORD_FLUSH), WORD_TURN);
    this.control.set(words.subarray(SHARED_WORDS), SHARED_WORDS);
    this.noticed = this.noticed.subarray(size);
    setImmediate(() => this.send('D'));
    this.dispatch.call(this.control, what);
  }

  /** What runs here, not there. */
  here = {
    hookOpen: (dispatch, control) => {
      const fd = this.call('hookOpen', [dispatch, control]);
      if (fd >= 0) Object.assign(this, { dispatch, control });
      return fd;
    },
    hookReference: (on) => {
      this.notices[on ? 'ref' : 'unref']();
      return this.call('hookReference', [on]);
    },
    hookReport: (error) => {
      setImmediate(() => {
        throw error;
      });
      return 0;
    },
  };

  binding() {
    // The quick calls need memory in common.
    const { quick: _, ...others } = this.exports;
    const entries = Object.entries(others).map(([name, value]) => {
      if (value !== 'F') return [name, value];
      return [name, this.here[name] ?? ((...given) => this.call(name, given))];
    });
    return Object.fromEntries(entries);
  }
}

const { BAREWIRE_MUSL_HOST, BAREWIRE_MUSL_BINARY, BAREWIRE_NATIVE } = process.env;
const real = process.dlopen;
process.dlopen = function dlopen(module, file, ...rest) {
  if (file !== BAREWIRE_NATIVE) return Reflect.apply(real, this, [module, file, ...rest]);
  module.exports = new Host(BAREWIRE_MUSL_HOST, BAREWIRE_MUSL_BINARY).binding();
};
