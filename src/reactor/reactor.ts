/**
 * The reactor of a thread: it registers descriptors, and calls their owners when they are ready.
 *
 * The hook makes the turns: in each it takes up to 1,024 events and calls `dispatch` in Node's
 * callback scope. The ticks and promise jobs of one socket run before the next socket's handler.
 * Every descriptor is registered once, edge-triggered. A registration has a generation number. If
 * a descriptor was closed meanwhile, and its slot or number is in use again, its old event reaches
 * no owner.
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

/**
 * The most `runAgainThisTurn` calls in one call from the hook. If there are more, the hook calls
 * again.
 */
const AGAIN_PER_CALL = 64;

export class Reactor {
  /** The memory for reads. One for all descriptors, since only one is read at a time. */
  readonly slab = new Slab();
  /** Counts the bytes that were read and are in no stream's buffer yet. */
  readonly kept = new Kept();
  /** True while a handler runs. Its writes are sent when it returns. */
  inHandler = false;
  /**
   * True while the hook calls. The hook looks at the queues when the turn ends, so no call has to
   * tell it of new work.
   */
  private inCall = false;

  /**
   * The C file writes here. The field is private in the language itself, so that no program gets
   * it.
   */
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
  /** The first one to flush has a field of its own, as mostly there is one. */
  private firstFlush: Flushable | null = null;
  private moreFlushes: Flushable[] | null = null;
  /** The ones that `flushAll` has yet to flush, in reverse order. */
  private unflushed: Flushable[] | null = null;
  /** Whose `flush` tells somebody of what was sent. */
  private reporting: Flushable | null = null;
  /** The events of the pollable whose handler runs. */
  private events = 0;
  /**
   * The pollable whose handler runs. If that handler runs the event loop itself, the innermost
   * one.
   */
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

  /**
   * Counts the registrations and queued work. All are 0 once everything is closed; leak checks
   * ask.
   */
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

  /** Node's names for the resources that keep the process alive. */
  activeNames(): string[] {
    return this.pollables.map((one) => one?.keepsAlive() ?? '').filter((name) => name !== '');
  }

  /** The users' objects for the resources that keep the process alive. */
  activeHolders(): object[] {
    const active = this.pollables.filter((one) => Boolean(one?.keepsAlive()));
    return active.map((one) => one?.holder() ?? null).filter((holder) => holder !== null);
  }

  /** Counts bytes that were read against the read budget of the turn. */
  spend(bytes: number): void {
    const { turn } = this;
    if (turn !== this.spentTurn) {
      this.spentTurn = turn;
      this.spentBytes = 0;
    }
    this.spentBytes += bytes;
  }

  /**
   * Whether the reads of this turn are over the budget. Every other descriptor then gets one read
   * only, so that hundreds of flooding peers do not keep timers waiting.
   */
  get overReadBudget(): boolean {
    return this.spentBytes > READ_BUDGET_BYTES && this.spentTurn === this.turn;
  }

  /**
   * Whether few descriptors wait for the next turn. Only then may one of them read a large share.
   */
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

  /** Changes the events of a registered descriptor. Returns 0 or -errno. */
  modify(pollable: Pollable, fd: number, events: number): number {
    const { EPOLL_CTL_MOD, EPOLLET } = this.kernel.constants;
    const generation = this.generations[pollable.slot] ?? 0;
    const mask = events | EPOLLET;
    return this.kernel.hookControl(fd, EPOLL_CTL_MOD, mask, pollable.slot, generation);
  }

  /** Takes a descriptor out of the epoll set and leaves it open. */
  unregister(pollable: Pollable, fd: number): void {
    if (pollable.slot < 0) return;
    this.kernel.hookControl(fd, this.kernel.constants.EPOLL_CTL_DEL, 0, 0, 0);
    this.vacate(pollable);
  }

  /**
   * Takes a descriptor out of the epoll set and closes it. Returns the result of close(2). If it
   * is `exclusive`, close(2) takes it out, which saves a call.
   */
  close(pollable: Pollable, fd: number, exclusive = false): number {
    const registered = pollable.slot >= 0;
    if (registered) this.vacate(pollable);
    return this.kernel.close(fd, registered && !exclusive ? this.epollFd : -1);
  }

  /** Adds one to the registrations that keep the process alive. */
  ref(): void {
    if (this.references++ === 0) {
      if (this.epollFd < 0) this.open();
      this.kernel.hookReference(true);
    }
  }

  unref(): void {
    if (--this.references === 0) this.kernel.hookReference(false);
  }

  /** Runs `pollable.onTurn()` in the next turn, which then begins without waiting for events. */
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
   * Sends everything that waits: nothing runs after 'exit'. Every later write is sent at once. No
   * callback is called, as with the built-in, whose callbacks would come with a tick: a callback
   * that calls process.exit() must not change the exit code of a crash.
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

  /** Runs what the hook asks for, and then the other events of the turn, in one call. */
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
   * Does now what would be done when the handler returns. The handler may wait for the answer to
   * its own writes, or for an answer on its own socket.
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
      // If a tick ran the event loop itself, no events of this turn are left.
      const behind = control[WORD_BEHIND] as number;
      if (behind === 0) break;
      // Counted down first: if the handler throws, the hook goes on with the next event.
      control[WORD_BEHIND] = behind - 1;
      this.dispatchOne(at);
    }
    // Work that waits since the turn before comes first.
    if (control[WORD_NEXT] === 0) this.dispatchAgain(drainTicks);
  }

  /**
   * Runs pollables that asked to run again in this turn, such as a listener after each connection.
   */
  private dispatchAgain(drain: () => void): void {
    for (let i = 0; i < AGAIN_PER_CALL && this.againQueue.length > 0; i++) {
      this.runTicks(drain);
      this.dispatchOne(CALL_AGAIN);
    }
  }

  /** Runs all ticks, also those after one that throws. */
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
    // Kept for a handler that runs the event loop itself: it goes on after this call.
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
   * Runs a handler, and then flushes its writes to its own socket, in the same context. Also
   * reports the error of a handler that throws there.
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
   * Sends the collected writes. The callback of a finished write may do one of three things. If it
   * writes again, that is sent at the next tick, so that a program which always writes once more
   * does not hold up this loop. If it ends the process, `onExit` sends the rest. If it runs the
   * event loop itself, the flush in that loop sends the rest.
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

  /**
   * Flushes one, and reports the error of a listener that throws, so that the others are flushed
   * too.
   */
  private flushHere(flushable: Flushable): void {
    try {
      this.flush(flushable);
    } catch (error) {
      this.kernel.hookReport(error);
    }
  }
}
