/** The two implementations of the kernel interface, behind one handle for tests. */
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { WORD_EVENTS, WORDS_PER_EVENT } from '#internal/sys/hook';
import type { Kernel } from '#internal/sys/kernel';
import { linux } from '#internal/sys/linux';
import { World } from '#internal/sys/sim/world';

/** Long enough for loopback to deliver, and for the loop to turn. */
const SETTLE_MS = 4;

/** One event as the hook reported it. */
export interface Seen {
  readonly slot: number;
  readonly generation: number;
  readonly events: number;
}

export abstract class Subject {
  abstract readonly name: string;
  readonly seen: Seen[] = [];
  private readonly control: Int32Array;

  constructor(readonly kernel: Kernel) {
    const { EVENTS_PER_TURN } = kernel.constants;
    this.control = new Int32Array(WORD_EVENTS + EVENTS_PER_TURN * WORDS_PER_EVENT);
    const status = kernel.hookOpen((what) => this.note(what), this.control);
    if (status < 0) throw new Error(`hookOpen: ${status}`);
  }

  private note(what: number): void {
    if (what < 0) return;
    const at = WORD_EVENTS + what * WORDS_PER_EVENT;
    const [slot = 0, generation = 0, events = 0] = this.control.subarray(at, at + 3);
    this.seen.push({ slot, generation, events });
  }

  /** Waits until all that is under way has arrived. */
  abstract settle(): Promise<void>;
  /** A path for a socket, or an abstract name. */
  abstract path(name: string): string;
}

class LinuxSubject extends Subject {
  override readonly name = 'Linux';
  private readonly prefix = join(tmpdir(), `bw-kernel-${process.pid}-`);

  constructor() {
    super(linux);
  }

  override async settle(): Promise<void> {
    await setTimeout(SETTLE_MS);
    await setImmediate();
  }

  override path(name: string): string {
    const path = `${this.prefix}${name}`;
    rmSync(path, { force: true });
    return path;
  }
}

class SimSubject extends Subject {
  override readonly name = 'the simulator';

  constructor(private readonly world: World) {
    super(world.addMachine({ name: 'one' }));
  }

  override settle(): Promise<void> {
    while (this.world.loop.step() === 'ran');
    return Promise.resolve();
  }

  override path(name: string): string {
    return `/tmp/${name}`;
  }
}

export const subjects: readonly Subject[] = [
  new LinuxSubject(),
  new SimSubject(new World({ seed: 'kernel behaviour' })),
];
