/** What is true or false of a socket, in one word: a field each is 8 bytes of every connection. */
import { SocketRare } from './extras.js';

const UNREFERENCED = 1;
const RESETS = 2;
const GATHERING = 4;
const HAS_CALLBACKS = 8;
const SENDS_ALL = 16;
const IDLE_TIME_ONLY = 32;

export abstract class SocketState extends SocketRare {
  private bits = 0;

  private mark(bit: number, on: boolean): void {
    if (on) this.bits |= bit;
    else this.bits &= ~bit;
  }

  /** Whether the connection keeps the process alive. */
  get referenced(): boolean {
    return (this.bits & UNREFERENCED) === 0;
  }

  set referenced(on: boolean) {
    this.mark(UNREFERENCED, !on);
  }

  /** Closing sends RST in place of FIN. */
  get resetOnDestroy(): boolean {
    return (this.bits & RESETS) !== 0;
  }

  set resetOnDestroy(on: boolean) {
    this.mark(RESETS, on);
  }

  /**
   * Keep-alive sets the idle time alone, and leaves the system its probes' interval and count; see
   * `Profile`. A socket that was made without `connect` or a server is of no profile.
   */
  get idleTimeOnly(): boolean {
    return (this.bits & IDLE_TIME_ONLY) !== 0;
  }

  set idleTimeOnly(on: boolean) {
    this.mark(IDLE_TIME_ONLY, on);
  }

  /** A write is under way that waits for nothing but the end of the handler: others may join it. */
  get gathering(): boolean {
    return (this.bits & GATHERING) !== 0;
  }

  set gathering(on: boolean) {
    this.mark(GATHERING, on);
  }

  /** Writes with callbacks of the user's may be under way: those are called in their order. */
  get hasCallbacks(): boolean {
    return (this.bits & HAS_CALLBACKS) !== 0;
  }

  set hasCallbacks(on: boolean) {
    this.mark(HAS_CALLBACKS, on);
  }

  /** `sendAll` runs: what Writable hands over meanwhile is queued for it. */
  protected get sendsAll(): boolean {
    return (this.bits & SENDS_ALL) !== 0;
  }

  protected set sendsAll(on: boolean) {
    this.mark(SENDS_ALL, on);
  }
}
