/** What is true or false of a socket, in one word: a field each is 8 bytes of every connection. */
import { SocketRare } from './socket_rare.js';

const UNREFERENCED = 1;
const RESETS = 2;
const GATHERING = 4;
const IDLE_TIME_ONLY = 8;

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
}
