/** What is true or false of a socket, in one word: a field each is 8 bytes of every connection. */
import { SocketRare } from './socket_rare.js';

const UNREFERENCED = 1;
const RESETS = 2;
const GATHERING = 4;
const INHERITS = 8;
const PIPE = 16;

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

  /** Its scope is still the server's. */
  protected get inherits(): boolean {
    return (this.bits & INHERITS) !== 0;
  }

  protected set inherits(on: boolean) {
    this.mark(INHERITS, on);
  }

  /** What it is to have of its own is a pipe's. */
  protected get inheritsPipe(): boolean {
    return (this.bits & PIPE) !== 0;
  }

  protected set inheritsPipe(on: boolean) {
    this.mark(PIPE, on);
  }

  /** A write is under way that waits for nothing but the end of the handler: others may join it. */
  get gathering(): boolean {
    return (this.bits & GATHERING) !== 0;
  }

  set gathering(on: boolean) {
    this.mark(GATHERING, on);
  }
}
