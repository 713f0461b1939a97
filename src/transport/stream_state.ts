/** The flags of a stream, by name. `state_word.ts` has the place of each bit. */
import { Descriptor } from './descriptor.js';
import { bitOf, maskOf, shiftOf } from './state_word.js';

const CONNECTING = bitOf('CONNECTING');
const READING = bitOf('READING');
const ENDED = bitOf('ENDED');
const SHUT_DOWN = bitOf('SHUT_DOWN');
const FIN_WITH_LAST_BYTES = bitOf('FIN_WITH_LAST_BYTES');
const BLOCKED = bitOf('BLOCKED');
const READABLE = bitOf('READABLE');
const SHORT_READ_MAY_GO_ON = bitOf('SHORT_READ_MAY_GO_ON');
const UNDELIVERED = bitOf('UNDELIVERED');
const AWAITS_ROOM = bitOf('AWAITS_ROOM');
const WRITE_FAILED = bitOf('WRITE_FAILED');
const GUESS_SHIFT = shiftOf('SIZE_GUESS');
const GUESS_MASK = maskOf('SIZE_GUESS');
const READS_SHIFT = shiftOf('READS_LEFT');
const READS_MASK = maskOf('READS_LEFT');
const TURN_SHIFT = shiftOf('TURN');
const TURN_MASK = maskOf('TURN');
/** The bits that `beginTurn` replaces. */
const TURN_BITS = (READS_MASK << READS_SHIFT) | (TURN_MASK << TURN_SHIFT);

export abstract class StreamState extends Descriptor {
  /** A connect is under way. */
  get connecting(): boolean {
    return this.has(CONNECTING);
  }

  set connecting(on: boolean) {
    this.mark(CONNECTING, on);
  }

  /** The owner wants bytes. */
  get reading(): boolean {
    return this.has(READING);
  }

  set reading(on: boolean) {
    this.mark(READING, on);
  }

  /** The peer's FIN was read. */
  get ended(): boolean {
    return this.has(ENDED);
  }

  set ended(on: boolean) {
    this.mark(ENDED, on);
  }

  /** Our FIN was sent. */
  get shutDown(): boolean {
    return this.has(SHUT_DOWN);
  }

  set shutDown(on: boolean) {
    this.mark(SHUT_DOWN, on);
  }

  /** `shutdown` follows the queued bytes at once: both may be sent in one segment. */
  get finWithLastBytes(): boolean {
    return this.has(FIN_WITH_LAST_BYTES);
  }

  set finWithLastBytes(on: boolean) {
    this.mark(FIN_WITH_LAST_BYTES, on);
  }

  /** The kernel's buffer is full. An event will report room. */
  get blocked(): boolean {
    return this.has(BLOCKED);
  }

  set blocked(on: boolean) {
    this.mark(BLOCKED, on);
  }

  /** A write failed for good: nothing more is sent. */
  get writeFailed(): boolean {
    return this.has(WRITE_FAILED);
  }

  protected set writeFailed(on: boolean) {
    this.mark(WRITE_FAILED, on);
  }

  /** Its registration asks for EPOLLOUT. */
  protected get awaitsRoom(): boolean {
    return this.has(AWAITS_ROOM);
  }

  protected set awaitsRoom(on: boolean) {
    this.mark(AWAITS_ROOM, on);
  }

  /** Something may be there to read. */
  get readable(): boolean {
    return this.has(READABLE);
  }

  set readable(on: boolean) {
    this.mark(READABLE, on);
  }

  /**
   * FIN, an error or more bytes may follow the bytes of a short read, so it may not be the last.
   * More bytes, because recv(2) stops at urgent data (MSG_OOB).
   */
  get shortReadMayGoOn(): boolean {
    return this.has(SHORT_READ_MAY_GO_ON);
  }

  set shortReadMayGoOn(on: boolean) {
    this.mark(SHORT_READ_MAY_GO_ON, on);
  }

  /** Of what the last read brought, some is not delivered yet. `undelivered.ts` sets it. */
  get undelivered(): boolean {
    return this.has(UNDELIVERED);
  }

  set undelivered(on: boolean) {
    this.mark(UNDELIVERED, on);
  }

  /**
   * Begins a turn that allows `reads` reads, unless it has begun. Only the last bits of its number
   * are compared: every fourth turn looks like the same one, and its reads may then wait for the
   * next.
   */
  beginTurn(turn: number, reads: number): void {
    const last = turn & TURN_MASK;
    if (((this.bits >> TURN_SHIFT) & TURN_MASK) === last) return;
    this.bits = (this.bits & ~TURN_BITS) | (last << TURN_SHIFT) | (reads << READS_SHIFT);
  }

  /** Whether it was read in this turn; true after every fourth turn where it was not. */
  wasReadIn(turn: number): boolean {
    return ((this.bits >> TURN_SHIFT) & TURN_MASK) === (turn & TURN_MASK);
  }

  get readsLeft(): number {
    return (this.bits >> READS_SHIFT) & READS_MASK;
  }

  /** A read was as much as `count` of those that a turn allows. */
  spendReads(count: number): void {
    const left = Math.max(0, this.readsLeft - count);
    this.bits = (this.bits & ~(READS_MASK << READS_SHIFT)) | (left << READS_SHIFT);
  }

  /** How large its reads were lately; see `reactor/read_size.ts`. */
  get sizeGuess(): number {
    return (this.bits >> GUESS_SHIFT) & GUESS_MASK;
  }

  set sizeGuess(value: number) {
    this.bits = (this.bits & ~(GUESS_MASK << GUESS_SHIFT)) | (value << GUESS_SHIFT);
  }
}
