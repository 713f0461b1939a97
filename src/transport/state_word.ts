/** What is true or false of a stream. */
import { DESCRIPTOR_BITS, Descriptor } from './descriptor.js';

const CONNECTING = 1 << DESCRIPTOR_BITS;
const READING = 2 << DESCRIPTOR_BITS;
const ENDED = 4 << DESCRIPTOR_BITS;
const SHUT_DOWN = 8 << DESCRIPTOR_BITS;
const FIN_FOLLOWS = 16 << DESCRIPTOR_BITS;
const BLOCKED = 32 << DESCRIPTOR_BITS;
const READABLE = 64 << DESCRIPTOR_BITS;
const MORE_BEHIND = 128 << DESCRIPTOR_BITS;
const CREDIT_SHIFT = DESCRIPTOR_BITS + 8;
const CREDIT_MASK = 63;
const HOLDING = 1 << (CREDIT_SHIFT + 6);
const AWAITS_ROOM = 1 << (CREDIT_SHIFT + 7);
/** How many more reads this turn allows, and the turn's last bits. */
const READS_SHIFT = CREDIT_SHIFT + 8;
const READS_MASK = 7;
const TURN_SHIFT = READS_SHIFT + 3;
const TURN_MASK = 3;
/** The last of the 32. */
const WRITE_FAILED = 1 << (TURN_SHIFT + 2);
/** What `beginTurn` replaces. */
const TURN_BITS = (READS_MASK << READS_SHIFT) | (TURN_MASK << TURN_SHIFT);

export abstract class StreamState extends Descriptor {
  /** A connection is being made. */
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

  /** `shutdown` follows what is queued, at once: the two may leave in one segment. */
  get finFollows(): boolean {
    return this.has(FIN_FOLLOWS);
  }

  set finFollows(on: boolean) {
    this.mark(FIN_FOLLOWS, on);
  }

  /** The kernel's buffer is full: an event will tell when it is not. */
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
  protected get readable(): boolean {
    return this.has(READABLE);
  }

  protected set readable(on: boolean) {
    this.mark(READABLE, on);
  }

  /**
   * FIN, a failure or more bytes may wait behind those of a short read, so it is not the last one.
   * More bytes, because recv(2) stops where the peer sent urgent data (MSG_OOB).
   */
  protected get moreBehind(): boolean {
    return this.has(MORE_BEHIND);
  }

  protected set moreBehind(on: boolean) {
    this.mark(MORE_BEHIND, on);
  }

  /** Of what the last read brought, some is not delivered yet. */
  protected get holding(): boolean {
    return this.has(HOLDING);
  }

  protected set holding(on: boolean) {
    this.mark(HOLDING, on);
  }

  /**
   * The first read of a turn is allowed `reads` in all. A turn is told from another by its last
   * bits: the fourth one after it passes for the same, in which a read may then wait for the next.
   */
  protected beginTurn(turn: number, reads: number): void {
    const last = turn & TURN_MASK;
    if (((this.bits >> TURN_SHIFT) & TURN_MASK) === last) return;
    this.bits = (this.bits & ~TURN_BITS) | (last << TURN_SHIFT) | (reads << READS_SHIFT);
  }

  /** Whether it was read in this turn; true after every fourth turn where it was not. */
  protected wasReadIn(turn: number): boolean {
    return ((this.bits >> TURN_SHIFT) & TURN_MASK) === (turn & TURN_MASK);
  }

  protected get readsLeft(): number {
    return (this.bits >> READS_SHIFT) & READS_MASK;
  }

  /** A read was as much as `count` of those that a turn allows. */
  protected spendReads(count: number): void {
    const left = Math.max(0, this.readsLeft - count);
    this.bits = (this.bits & ~(READS_MASK << READS_SHIFT)) | (left << READS_SHIFT);
  }

  /** How large its reads were lately; see `Slab`. */
  protected get credit(): number {
    return (this.bits >> CREDIT_SHIFT) & CREDIT_MASK;
  }

  protected set credit(value: number) {
    this.bits = (this.bits & ~(CREDIT_MASK << CREDIT_SHIFT)) | (value << CREDIT_SHIFT);
  }
}
