/**
 * One per thread: registrations, readiness and turns.
 *
 * A turn is the hook's: it takes up to 1,024 events and calls `dispatch` in Node's callback scope.
 * The ticks and promise jobs of one socket run before the next socket's handler. Every descriptor
 * is registered once, edge-triggered. A registration carries a generation number, so that an event
 * for a descriptor that was closed meanwhile, and whose slot or number is in use again, reaches
 * nobody.
 */

import {
  CALL_AGAIN,
  CALL_FAILED,
  CALL_NEXT,
  CALL_WAITS,
  hookWords,
  WORD_AGAIN,
  WORD_BEHIND,
  WORD_EVENTS,
  WORD_FLUSH,
  WORD_NEXT,
  WORD_TURN,
  WORDS_PER_EVENT,
} from '../sys/hook.js';
import type { Kernel } from '../sys/kernel.js';
import type { Clock } from '../util/clock.js';
import { Queue } from '../util/queue.js';
import { systemError } from '../util/system_error.js';
import { Kept } from './kept.js';
import type { AsyncContext, Flushable, Pollable } from './pollable.js';
import { Slab } from './slab.js';
import { drainTicks } from './ticks.js';

/** Reading this much takes about a millisecond. */
const READ_BUDGET_BYTES = 4 * 1024 * 1024;
/** So many reads of 1 MiB make a turn of two milliseconds. */
const FEW = 8;

/** The hook calls again where there is more. */
const AGAIN_PER_CALL = 64;

export class Reactor {
  /** Where reads land. One for all descriptors, since only one is read at a time. */
  readonly slab = new Slab();
  /** What was read and has no place in anybody's buffer yet. */
  readonly kept = new Kept();
  /** A handler is running: what it writes leaves when it returns. */
  inHandler = false;
  /** The hook calls: it looks at what is queued when the turn ends, and need not be told. */
  private inCall = false;

  /** The C file writes here. Private to the language, so that no program gets hold of it. */
  readonly #control: Int32Array;
  readonly #hookOpen: () => number;
  private epollFd = -1;
  private readonly pollables: (Pollable | undefined)[] = [];
  private readonly generations: number[] = [];
  private readonly freeSlots: number[] = [];
  private references = 0;
  private spentBytes = 0;
  private spentTurn = 0;
  private readonly next = new Queue<Pollable>();
  private readonly againQueue = new Queue<Pollable>();
  /** What is to be flushed: mostly one, so that has a place of its own. */
  private firstFlush: Flushable | null = null;
  private moreFlushes: Flushable[] | null = null;
  /** What `flushAll` has yet to come to, last one first. */
  private unflushed: Flushable[] | null = null;
  /** Whose `flush` tells somebody of what was sent. */
  private reporting: Flushable | null = null;
  /** The events of the pollable whose handler runs. */
  private events = 0;
  /** Whose handler runs: the innermost, where one runs the event loop itself. */
  private running: Pollable | null = null;
  private flushTickSet = false;
  private exiting = false;

  constructor(
    readonly kernel: Kernel,
    readonly clock: Clock,
  ) {
    const control = hookWords(kernel.constants.EVENTS_PER_TURN);
    this.#control = control;
    this.#hookOpen = () => kernel.hookOpen(this.dispatch, control);
  }

  /** The number of the present turn. */
  get turn(): number {
    return this.#control[WORD_TURN] ?? 0;
  }

  /** What it still holds: nothing once all is closed. Leak checks ask for it. */
  get holds(): { registered: number; queued: number; flushes: number; references: number } {
    return {
      registered: this.pollables.filter((one) => one !== undefined).length,
      queued: this.next.length + this.againQueue.length,
      flushes:
        (this.firstFlush === null ? 0 : 1) +
        (this.moreFlushes?.length ?? 0) +
        (this.unflushed?.length ?? 0),
      references: this.references,
    };
  }

  /** The names of what keeps the process alive. */
  activeNames(): string[] {
    return this.pollables.map((one) => one?.keepsAlive() ?? '').filter((name) => name !== '');
  }

  /** What users know as the holders of those. */
  activeHolders(): object[] {
    const active = this.pollables.filter((one) => Boolean(one?.keepsAlive()));
    return active.map((one) => one?.holder() ?? null).filter((holder) => holder !== null);
  }

  /** Bytes were read: a turn with many of them is overReadBudget. */
  spend(bytes: number): void {
    const { turn } = this;
    if (turn !== this.spentTurn) {
      this.spentTurn = turn;
      this.spentBytes = 0;
    }
    this.spentBytes += bytes;
  }

  /**
   * So much was read in this turn that every other descriptor gets one read only: hundreds of
   * flooding peers must not keep timers waiting.
   */
  get overReadBudget(): boolean {
    return this.spentBytes > READ_BUDGET_BYTES && this.spentTurn === this.turn;
  }

  /** Few descriptors had more than their share of this turn: one may have a large share. */
  get fewWaiting(): boolean {
    return this.next.length <= FEW;
  }

  /** Registers `pollable` for `events`, edge-triggered. Returns 0 or -errno. */
  register(pollable: Pollable, fd: number, events: number): number {
    if (this.epollFd < 0) {
      const opened = this.open();
      if (opened < 0) return opened;
    }
    const { EPOLL_CTL_ADD, EPOLLET } = this.kernel.constants;
    const slot = this.freeSlots.pop() ?? this.pollables.length;
    const generation = this.generations[slot] ?? 0;
    const mask = events | EPOLLET;
    const status = this.kernel.hookControl(fd, EPOLL_CTL_ADD, mask, slot, generation);
    if (status < 0) {
      if (slot === this.pollables.length) this.pollables.push(undefined);
      this.freeSlots.push(slot);
      return status;
    }
    this.pollables[slot] = pollable;
    this.generations[slot] = generation;
    pollable.slot = slot;
    return 0;
  }

  /** Changes what a registered descriptor waits for. Returns 0 or -errno. */
  modify(pollable: Pollable, fd: number, events: number): number {
    const { EPOLL_CTL_MOD, EPOLLET } = this.kernel.constants;
    const generation = this.generations[pollable.slot] ?? 0;
    const mask = events | EPOLLET;
    return this.kernel.hookControl(fd, EPOLL_CTL_MOD, mask, pollable.slot, generation);
  }

  /** Takes a descriptor out of the set and leaves it open. */
  unregister(pollable: Pollable, fd: number): void {
    if (pollable.slot < 0) return;
    this.kernel.hookControl(fd, this.kernel.constants.EPOLL_CTL_DEL, 0, 0, 0);
    this.vacate(pollable);
  }

  /**
   * Takes a descriptor out of the set and closes it. Returns what close(2) did. Where it is
   * `exclusive` the closing itself takes it out, which saves a call.
   */
  close(pollable: Pollable, fd: number, exclusive = false): number {
    const registered = pollable.slot >= 0;
    if (registered) this.vacate(pollable);
    return this.kernel.close(fd, registered && !exclusive ? this.epollFd : -1);
  }

  /** One more registration that keeps the process alive. */
  ref(): void {
    if (this.references++ === 0) {
      if (this.epollFd < 0) this.open();
      this.kernel.hookReference(true);
    }
  }

  unref(): void {
    if (--this.references === 0) this.kernel.hookReference(false);
  }

  /** Runs `pollable.onTurn()` in the next turn, which then begins without waiting. */
  runNextTurn(pollable: Pollable): void {
    this.enqueue(pollable, this.next, WORD_NEXT);
  }

  /** Runs `pollable.onTurn()` once more in this turn, after the turn's events. */
  runAgainThisTurn(pollable: Pollable): void {
    this.enqueue(pollable, this.againQueue, WORD_AGAIN);
  }

  /** The hook reads in `word` how long the queue is. */
  private enqueue(pollable: Pollable, queue: Queue<Pollable>, word: number): void {
    if (pollable.queued) return;
    pollable.queued = true;
    queue.push(pollable);
    this.#control[word] = queue.length;
    if (!this.inCall) this.kernel.hookCarry();
  }

  /**
   * Flushes at once. What it reports may end the process: `onExit` then sends the rest of it before
   * that of all others.
   */
  flush(flushable: Flushable): void {
    const before = this.reporting;
    this.reporting = flushable;
    try {
      flushable.flush();
    } finally {
      this.reporting = before;
    }
  }

  /** Runs `flushable.flush()` when the running handler returns, or else at the next tick. */
  flushAfterHandler(flushable: Flushable): void {
    if (this.exiting) {
      flushable.sendNow();
      return;
    }
    this.#control[WORD_FLUSH] = 1;
    if (this.firstFlush === null) this.firstFlush = flushable;
    else if (this.moreFlushes === null) this.moreFlushes = [flushable];
    else this.moreFlushes.push(flushable);
    if (!this.inHandler) this.setFlushTick();
  }

  /**
   * Nothing runs after 'exit': what is waiting is sent now, and every later write at once. Nobody
   * is told, as with the built-in, whose callbacks would come with a tick: one that calls
   * process.exit() must not change what a crash ends with.
   */
  private readonly onExit = (): void => {
    this.exiting = true;
    this.reporting?.sendNow();
    for (const one of this.unflushed ?? []) one.sendNow();
    this.firstFlush?.sendNow();
    for (const one of this.moreFlushes ?? []) one.sendNow();
    this.firstFlush = this.moreFlushes = this.unflushed = null;
  };

  private open(): number {
    const fd = this.#hookOpen();
    if (fd < 0) return fd;
    this.epollFd = fd;
    this.clock.onExit(this.onExit);
    return 0;
  }

  private vacate(pollable: Pollable): void {
    const { slot } = pollable;
    this.pollables[slot] = undefined;
    this.generations[slot] = ((this.generations[slot] ?? 0) + 1) | 0;
    this.freeSlots.push(slot);
    pollable.slot = -1;
  }

  /** Runs what the hook asks for, and the turn's events behind that: one call for all of them. */
  private readonly dispatch = (what: number): void => {
    const before = this.inCall;
    this.inCall = true;
    try {
      if (what <= CALL_FAILED) this.dispatchRare(what);
      else this.dispatchAll(what);
    } finally {
      this.inCall = before;
    }
  };

  private dispatchRare(what: number): void {
    if (what === CALL_WAITS) {
      this.beforeWait();
      return;
    }
    this.epollFd = -1; // `open` says why again
    throw systemError(this.#control[WORD_BEHIND] as number, 'epoll_pwait');
  }

  /**
   * Nothing that happens when a handler returns must wait for that: the answer it waits for may be
   * one to what it wrote, or come by its own socket.
   */
  private beforeWait(): void {
    const before = this.inHandler;
    this.inHandler = false;
    this.running?.onReentry();
    this.flushAll();
    this.inHandler = before;
  }

  private dispatchAll(what: number): void {
    this.dispatchOne(what);
    if (what < 0 || drainTicks === null) return;
    const control = this.#control;
    for (let at = what + 1; ; at++) {
      if ((control[WORD_BEHIND] as number) < 0) return;
      if (control[WORD_BEHIND] === 0) break;
      this.runTicks(drainTicks);
      // A tick may have run the event loop itself, which leaves none.
      const behind = control[WORD_BEHIND] as number;
      if (behind === 0) break;
      // Counted down first: where a handler throws, the hook goes on with the one behind it.
      control[WORD_BEHIND] = behind - 1;
      this.dispatchOne(at);
    }
    // Where something waits since the turn before, that comes first.
    if (control[WORD_NEXT] === 0) this.dispatchAgain(drainTicks);
  }

  /** What asks to run once more in this turn: an accepted connection each, for one. */
  private dispatchAgain(drain: () => void): void {
    for (let i = 0; i < AGAIN_PER_CALL && this.againQueue.length > 0; i++) {
      this.runTicks(drain);
      this.dispatchOne(CALL_AGAIN);
    }
  }

  /** Ticks behind one that threw run as well. */
  private runTicks(drain: () => void): void {
    for (;;) {
      try {
        drain();
        return;
      } catch (error) {
        this.kernel.hookReport(error);
      }
    }
  }

  private dispatchOne(what: number): void {
    // What is put back is that of a handler which runs the event loop itself.
    const { inHandler, running } = this;
    this.inHandler = true;
    try {
      if (what >= 0) this.deliver(WORD_EVENTS + what * WORDS_PER_EVENT);
      else this.runQueued(what);
    } finally {
      this.endHandler(inHandler, running);
    }
  }

  private endHandler(inHandler: boolean, running: Pollable | null): void {
    this.inHandler = false;
    this.running = null;
    if (this.firstFlush !== null) this.flushAll();
    this.inHandler = inHandler;
    this.running = running;
  }

  private deliver(at: number): void {
    const control = this.#control;
    const slot = control[at] as number;
    const pollable = this.pollables[slot];
    if (pollable === undefined || this.generations[slot] !== control[at + 1]) return;
    this.events = control[at + 2] as number;
    this.running = pollable;
    if (pollable.context === null) this.ready(pollable);
    else pollable.context.runInAsyncScope(this.ready, this, pollable);
  }

  /**
   * Runs a handler, and flushes what it wrote to its own socket within the same context. What it
   * throws is reported there as well.
   */
  private ready(pollable: Pollable): void {
    try {
      pollable.onReady(this.events);
    } catch (error) {
      this.kernel.hookReport(error);
    }
    this.inHandler = false;
    const { firstFlush } = this;
    if (this.moreFlushes === null && firstFlush !== null && (firstFlush as unknown) === pollable) {
      this.firstFlush = null;
      this.#control[WORD_FLUSH] = 0;
      this.flushOne(firstFlush, null);
    }
  }

  private runQueued(what: number): void {
    const queue = what === CALL_NEXT ? this.next : this.againQueue;
    const pollable = queue.shift();
    this.#control[what === CALL_NEXT ? WORD_NEXT : WORD_AGAIN] = queue.length;
    if (pollable === undefined) return;
    pollable.queued = false;
    this.runOne(pollable);
  }

  private runOne(pollable: Pollable): void {
    this.running = pollable;
    if (pollable.context === null) this.turnOf(pollable);
    else pollable.context.runInAsyncScope(this.turnOf, this, pollable);
  }

  private turnOf(pollable: Pollable): void {
    try {
      pollable.onTurn();
    } catch (error) {
      this.kernel.hookReport(error);
    }
  }

  private setFlushTick(): void {
    if (this.flushTickSet) return;
    this.flushTickSet = true;
    this.clock.nextTick(this.onFlushTick);
  }

  private readonly onFlushTick = (): void => {
    this.flushTickSet = false;
    this.flushAll();
  };

  /**
   * Sends what was gathered. A callback of a finished write may write again: that goes out at the
   * next tick, so that a program which always writes once more does not hold up this loop. It may
   * end the process as well: what is left is then sent by `onExit`. Or it runs the event loop
   * itself: what is left is then sent by the flush within that.
   */
  private flushAll(): void {
    if (this.unflushed !== null) this.flushRest();
    const { firstFlush, moreFlushes } = this;
    this.firstFlush = this.moreFlushes = null;
    if (moreFlushes === null) {
      this.#control[WORD_FLUSH] = 0;
    } else {
      moreFlushes.reverse();
      this.unflushed = moreFlushes;
    }
    if (firstFlush !== null) this.flushOne(firstFlush, firstFlush.context);
    if (moreFlushes !== null) this.flushRest();
  }

  private flushRest(): void {
    for (let one = this.unflushed?.pop(); one !== undefined; one = this.unflushed?.pop()) {
      this.flushOne(one, one.context);
    }
    this.unflushed = null;
    this.#control[WORD_FLUSH] = this.firstFlush === null ? 0 : 1;
  }

  private flushOne(flushable: Flushable, context: AsyncContext | null): void {
    if (context === null) this.flushHere(flushable);
    else context.runInAsyncScope(this.flushHere, this, flushable);
  }

  /** What a listener throws does not keep the others from their flush. */
  private flushHere(flushable: Flushable): void {
    try {
      this.flush(flushable);
    } catch (error) {
      this.kernel.hookReport(error);
    }
  }
}
