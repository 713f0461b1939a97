/** Linux's counts of the connections that it reset itself. */
import { readFileSync } from 'node:fs';

const NAMED = /^TCPAbort/;

function counts(): Map<string, number> {
  const [names = '', values = ''] = readFileSync('/proc/net/netstat', 'utf8').split('\n');
  const numbers = values.split(' ').map(Number);
  const all = names.split(' ').map((name, index) => [name, numbers[index] ?? 0] as const);
  return new Map(all.filter(([name]) => NAMED.test(name)));
}

/** The connections that the system reset meanwhile. */
export interface Resets {
  /**
   * Those that a program had closed and that had bytes left to send, while the system was short of
   * memory for TCP: of these bytes nobody hears again, whoever wrote them.
   */
  forWantOfMemory(): number;
  /** All counts that grew, as a text for a failing test. */
  toString(): string;
}

/**
 * Begins to count the connections that the system resets, by reason. Connections of other processes
 * are among them. The word of a peer on `node:net` is not enough: one that is paused when the reset
 * comes reports a clean end.
 */
export function resetsFromHere(): Resets {
  const before = counts();
  const more = (): [string, number][] =>
    [...counts()].map(([name, count]) => [name, count - (before.get(name) ?? 0)]);
  return {
    forWantOfMemory: () => new Map(more()).get('TCPAbortOnMemory') ?? 0,
    toString() {
      const told = more().filter(([, count]) => count !== 0);
      return `resets meanwhile: ${told.map((each) => each.join(' ')).join(', ') || 'none'}`;
    },
  };
}
