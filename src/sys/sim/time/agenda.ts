/** Planned events, by time and then by the order in which they were added. A binary heap. */

export interface Entry {
  readonly atMs: number;
  readonly order: number;
  /** Null once cancelled. */
  run: (() => void) | null;
}

function before(a: Entry, b: Entry): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}

export class Agenda {
  private readonly heap: Entry[] = [];
  private entered = 0;

  add(atMs: number, run: () => void): Entry {
    const entry: Entry = { atMs, order: this.entered++, run };
    const { heap } = this;
    let at = heap.push(entry) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent] as Entry;
      if (!before(entry, above)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = entry;
    return entry;
  }

  /** The first entry that was not cancelled. */
  first(): Entry | undefined {
    for (;;) {
      const entry = this.heap[0];
      if (entry === undefined || entry.run !== null) return entry;
      this.removeFirst();
    }
  }

  /** Takes out the first entry if it is due. */
  take(nowMs: number): Entry | undefined {
    const entry = this.first();
    if (entry === undefined || entry.atMs > nowMs) return undefined;
    this.removeFirst();
    return entry;
  }

  private removeFirst(): void {
    const { heap } = this;
    const last = heap.pop() as Entry;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1] as Entry, heap[child] as Entry)) {
        child++;
      }
      if (!before(heap[child] as Entry, last)) break;
      heap[at] = heap[child] as Entry;
      at = child;
    }
    heap[at] = last;
  }
}
