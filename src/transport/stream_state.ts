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

  /** How large its reads were lately; see `Slab`. */
  protected get credit(): number {
    return (this.bits >> CREDIT_SHIFT) & CREDIT_MASK;
  }

  protected set credit(value: number) {
    this.bits = (this.bits & ~(CREDIT_MASK << CREDIT_SHIFT)) | (value << CREDIT_SHIFT);
  }
}
