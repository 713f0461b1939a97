/**
 * The writing half of a connection: chunks on their way from Node's Writable to the transport.
 * Those written in one handler leave together, also those that Writable still holds back.
 *
 * Node's Writable hands over one write at a time and waits for its callback. Such a write begins in
 * `begin` and ends in `takeCallback`, nowhere else; `WritePhase` says where it stands meanwhile.
 */
import type { Host } from '../../transport/host.js';
import type { Stream } from '../../transport/stream.js';
import { COPY_BYTES } from '../../transport/write_queue.js';
import { errno, systemError } from '../../util/system_error.js';
import { copyOfView } from '../../util/view.js';
import { deferCallbacks, deferringCallbacks, markFull } from '../node/stream_state.js';
import { SendMode, WritePhase } from './connection_state.js';
import type { DuplexSurface, WriteCallback } from './duplex.js';
import type { Extras } from './extras.js';
import { own, writesItself } from './overrides.js';

// Bound to locals: an imported constant is looked up again at each use.
const { IDLE, JOINABLE, HANDED } = WritePhase;
const { AS_WRITTEN, ALL } = SendMode;

/** Chunks that Node's Writable still holds are sent along, up to this much. */
export const SEND_ALONG_BYTES = 64 * 1024;

/** What the writing half has of its connection. */
export interface Outgoing {
  readonly socket: DuplexSurface;
  readonly host: Host;
  readonly stream: Stream | null;
  /** Of the write under way: called when it is with the kernel, or failed. */
  callback: WriteCallback | null;
  /** Of the write under way: its size. */
  handedBytes: number;
  /** The bytes of writes that are done. */
  completedBytes: number;
  phase: WritePhase;
  mode: SendMode;
  hasCallbacks: boolean;
  readonly extras: Readonly<Extras>;
  /** The extras, to be written to. */
  ownExtras(): Extras;
  /** A read or a write happened. */
  active(): void;
  /** Whether the failure is reported later, when the reader has had what came before it. */
  putOff(status: number, call: 'read' | 'write'): boolean;
}

function begin(connection: Outgoing, callback: WriteCallback, lengthBytes: number): void {
  connection.callback = callback;
  connection.handedBytes = lengthBytes;
  connection.phase = HANDED;
}

/** The write under way ends, or goes to somebody else. Returns what waits for its end. */
export function takeCallback(connection: Outgoing): WriteCallback | null {
  const { callback } = connection;
  connection.callback = null;
  connection.phase = IDLE;
  return callback;
}

/** What is queued leaves when the handler returns. Others may join it if the kernel has room. */
function leaveAfterHandler(connection: Outgoing, stream: Stream): void {
  if (!stream.blocked) connection.phase = JOINABLE;
  stream.flushAfterHandler();
}

/** Node's Writable hands a chunk over; `callback` when it is with the kernel. */
export function writeOne(connection: Outgoing, chunk: Uint8Array, callback: WriteCallback): void {
  const { stream } = connection;
  if (
    stream === null ||
    stream.fd < 0 ||
    connection.extras.sentAhead > 0 ||
    connection.socket.connecting
  ) {
    writeMany(connection, [chunk], callback);
    return;
  }
  begin(connection, callback, chunk.length);
  if (connection.mode !== AS_WRITTEN) {
    stream.queueAll([chunk]);
    return;
  }
  if (leavesAtOnce(connection, chunk.length)) {
    settle(connection, stream, stream.sendChunk(chunk));
    return;
  }
  stream.queue(chunk);
  leaveAfterHandler(connection, stream);
}

/**
 * Node's Writable hands chunks over, in a list that it needs no more; `callback` when they are
 * with the kernel.
 */
export function writeMany(
  connection: Outgoing,
  chunks: Uint8Array[],
  callback: WriteCallback,
): void {
  const { stream, extras } = connection;
  begin(connection, callback, 0);
  if (stream !== null && stream.fd < 0) {
    failWriting(connection, -errno.EBADF);
    return;
  }
  const sentAhead = Math.min(extras.sentAhead, chunks.length);
  if (sentAhead > 0) connection.ownExtras().sentAhead -= sentAhead;
  for (const chunk of chunks) connection.handedBytes += chunk.length;
  if (stream === null || connection.socket.connecting) {
    const own = connection.ownExtras();
    own.waiting ??= [];
    for (const chunk of chunks) own.waiting.push(chunk);
    return;
  }
  if (sentAhead === chunks.length && sentAhead > 0) {
    // Where it is all with the kernel, the flush that sent it along completes this write as well.
    if (stream.pendingBytes > 0) stream.flushAfterHandler();
    return;
  }
  writeRest(connection, stream, chunks, sentAhead);
}

/** Those of `chunks` that were not sent ahead. */
function writeRest(
  connection: Outgoing,
  stream: Stream,
  chunks: Uint8Array[],
  sentAhead: number,
): void {
  const inRounds = connection.mode !== AS_WRITTEN;
  if (inRounds || leavesAtOnce(connection, connection.handedBytes) || stream.pendingBytes > 0) {
    stream.queueAll(sentAhead > 0 ? chunks.slice(sentAhead) : chunks);
    if (!inRounds) settle(connection, stream, stream.send());
    return;
  }
  for (let i = sentAhead; i < chunks.length; i++) stream.queue(chunks[i] as Uint8Array);
  if (sentAhead === 0) leaveAfterHandler(connection, stream);
  else stream.flushAfterHandler();
}

/**
 * Whether a write is sent before `write()` returns, which then says what became of it. Small ones
 * that are within the high-water mark are gathered; not where a class of the user's has a `_write`
 * or `_writev` of its own, which sees each chunk.
 */
function leavesAtOnce(connection: Outgoing, lengthBytes: number): boolean {
  const { socket } = connection;
  const { length, highWaterMark } = socket._writableState;
  return lengthBytes > COPY_BYTES || length >= highWaterMark || !writesItself(socket);
}

/** Deals with what sending within `write()` gave: an error, or all of it is with the kernel. */
function settle(connection: Outgoing, stream: Stream, status: number): void {
  connection.active();
  if (status < 0) failWriting(connection, status);
  else if (stream.pendingBytes === 0) completeWithinWrite(connection);
}

/**
 * A chunk has joined the write under way: it is more than may wait for the end of the handler, or
 * waits for the connection. Returns what `write()` does.
 */
export function afterJoin(connection: Outgoing): boolean {
  const { stream, socket } = connection;
  if (stream !== null) sendWithin(connection, stream);
  const state = socket._writableState;
  const more = state.length < state.highWaterMark || state.length === 0;
  if (!more) markFull(state);
  return more && state.errored === null;
}

// Functions of their own: one that may make a closure pays for it on each call.
function sendWithin(connection: Outgoing, stream: Stream): void {
  connection.phase = HANDED;
  deferringCallbacks(connection.socket._writableState, () =>
    settle(connection, stream, stream.send()),
  );
}

function sendAllWithin(connection: Outgoing, mode: SendMode): void {
  deferringCallbacks(connection.socket._writableState, () => sendAll(connection, mode));
}

/** Writable would hold a chunk back, though the kernel may have room for it. */
function holdsBack({ callback, stream, socket }: Outgoing): boolean {
  return callback !== null && stream?.blocked === false && !socket.connecting;
}

/**
 * What a user gives to `write` or `end`, before Writable has it. What that would hold back, while
 * its memory is the user's to change, is copied. What is much, or reaches the high-water mark,
 * is not held back: all before it is sent. Returns what to give to Writable.
 */
export function detachFromCaller(connection: Outgoing, chunk: unknown): unknown {
  if (!holdsBack(connection)) return chunk;
  const isView = ArrayBuffer.isView(chunk);
  if (!isView && typeof chunk !== 'string') return chunk;
  const lengthBytes = isView ? chunk.byteLength : chunk.length;
  const { length, highWaterMark } = connection.socket._writableState;
  if (lengthBytes <= COPY_BYTES && length + lengthBytes < highWaterMark) {
    return isView ? copyOfView(chunk) : chunk;
  }
  sendAllWithin(connection, ALL);
  addPendingTick(connection);
  return chunk;
}

/**
 * Sends what is under way and what Writable holds back, as far as the kernel takes it. Writable
 * schedules a callback behind those of the writes that it hands over meanwhile: so none of those
 * is done before the next round.
 */
function sendAll(connection: Outgoing, mode: SendMode): void {
  const before = connection.mode;
  connection.mode = mode;
  try {
    sendInRounds(connection);
  } finally {
    connection.mode = before;
  }
}

function sendInRounds(connection: Outgoing): void {
  const { stream } = connection;
  while (stream !== null && connection.callback !== null) {
    beforeFlush(connection);
    const status = stream.send();
    // What Writable hands over meanwhile takes this back.
    deferCallbacks(connection.socket._writableState);
    if (status < 0) failWriting(connection, status);
    if (status < 0 || stream.pendingBytes > 0) return;
    complete(connection);
  }
}

/** Writes that wait in Writable behind the present one leave in the same call. */
export function beforeFlush(connection: Outgoing): void {
  const { socket, stream } = connection;
  if (stream === null || connection.callback === null) return;
  connection.phase = HANDED;
  const state = socket._writableState;
  const isAll = state.length <= connection.handedBytes;
  stream.finWithLastBytes = isAll && state.ending && socket._final === own._final;
  if (isAll || state.corked > 0 || !writesItself(socket)) return;
  if (stream.pendingBytes >= SEND_ALONG_BYTES) return;
  sendAlong(connection, stream);
}

function sendAlong(connection: Outgoing, stream: Stream): void {
  const extras = connection.ownExtras();
  // Not `writableBuffer`, which copies the list.
  const { buffered, bufferedIndex } = connection.socket._writableState;
  for (let i = bufferedIndex + extras.sentAhead; i < buffered.length; i++) {
    const { chunk } = buffered[i] as { chunk: Uint8Array };
    if (stream.pendingBytes + chunk.length > SEND_ALONG_BYTES && stream.pendingBytes > 0) break;
    stream.queue(chunk);
    extras.sentAhead++;
  }
}

/** All that was queued is with the kernel. */
export function afterFlush(connection: Outgoing): void {
  connection.active();
  // Writable hands over what was sent along, within the callback: that is complete as well.
  try {
    while (isWithKernel(connection)) complete(connection);
  } finally {
    // Where a listener threw.
    if (isWithKernel(connection)) connection.stream?.flushAfterHandler();
  }
}

function isWithKernel({ callback, stream }: Outgoing): boolean {
  return callback !== null && stream?.pendingBytes === 0;
}

/** The write under way is with the kernel. */
export function complete(connection: Outgoing): void {
  const callback = takeCallback(connection);
  connection.completedBytes += connection.handedBytes;
  connection.handedBytes = 0;
  report(connection, callback, null);
}

/** As `complete`, within `write()`: Writable calls back at the next tick. */
function completeWithinWrite(connection: Outgoing): void {
  complete(connection);
  if (connection.hasCallbacks) addPendingTick(connection);
}

/** Callbacks run in the order of their writes: none before one that has to wait for a tick. */
function report(connection: Outgoing, callback: WriteCallback | null, error: Error | null): void {
  if (connection.extras.ticksPending === 0) callback?.(error);
  else reportLater(connection, callback, error);
}

function reportLater(
  connection: Outgoing,
  callback: WriteCallback | null,
  error: Error | null,
): void {
  deferringCallbacks(connection.socket._writableState, () => callback?.(error));
  addPendingTick(connection);
}

/** The callbacks of writes that are done run at the next tick: those behind them not before. */
function addPendingTick(connection: Outgoing): void {
  const extras = connection.ownExtras();
  extras.ticksPending++;
  connection.host.clock.nextTick(() => {
    // A write that is under way, or held back behind it, may have a callback still to come.
    if (--extras.ticksPending === 0 && connection.callback === null)
      connection.hasCallbacks = false;
  });
}

/** The write under way failed, or the one that was sent ahead. */
export function failWriting(connection: Outgoing, status: number): void {
  if (!connection.putOff(status, 'write')) endWriting(connection, systemError(status, 'write'));
}

/** Ends the write under way with `error`; the socket where there is none. */
export function endWriting(connection: Outgoing, error: Error): void {
  const callback = takeCallback(connection);
  if (callback === null) connection.socket.destroy(error);
  else report(connection, callback, error);
}

/** Sends now what would leave later; the user's callbacks run at the next tick. */
export function sendGathered(connection: Outgoing, mode: SendMode): void {
  if (connection.stream === null || connection.socket.connecting) return;
  // The connection failed: what lies behind the first chunk must not leave without it.
  if (connection.extras.waiting !== null || connection.callback === null) return;
  sendAllWithin(connection, mode);
}

function sentMeanwhile({ callback, stream, extras }: Outgoing): number {
  const sent = callback === null ? 0 : (stream?.bytesWritten ?? 0);
  return sent + (extras.forward?.awaitedBytes ?? 0);
}

/** Whether bytes of a write under way left since this was last asked: that is activity. */
export function takeProgress(connection: Outgoing): boolean {
  const sent = sentMeanwhile(connection);
  const moved = sent > 0 && sent !== connection.extras.sentBefore;
  markProgress(connection, sent);
  return moved;
}

/** What left before this does not count as progress. */
export function markProgress(connection: Outgoing, sent: number = sentMeanwhile(connection)): void {
  if (sent !== connection.extras.sentBefore) connection.ownExtras().sentBefore = sent;
}
