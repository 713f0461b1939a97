/** Counts by name what runs did, to tell what a number of seeds has reached. */

export class Census {
  readonly counts = new Map<string, number>();

  /** `what` has happened. */
  add(what: string, times = 1): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + times);
  }

  /** Takes in what another one counted. */
  merge(others: Iterable<readonly [what: string, times: number]>): void {
    for (const [what, times] of others) this.add(what, times);
  }

  get sorted(): [what: string, times: number][] {
    return [...this.counts].sort(([a], [b]) => (a < b ? -1 : 1));
  }
}
