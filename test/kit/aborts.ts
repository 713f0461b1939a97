/** What Linux counts of connections that it ended itself. */
import { readFileSync } from 'node:fs';

const NAMED = /^TCPAbort/;

function counts(): Map<string, number> {
  const [names = '', values = ''] = readFileSync('/proc/net/netstat', 'utf8').split('\n');
  const numbers = values.split(' ').map(Number);
  const all = names.split(' ').map((name, index) => [name, numbers[index] ?? 0] as const);
  return new Map(all.filter(([name]) => NAMED.test(name)));
}

/**
 * Connections of the whole system that were reset since now, by reason, as a text for a failing
 * test, where those of other processes are counted as well. What a peer on `node:net` says is not
 * enough: one that was paused when the reset came reports a clean end behind what had come.
 */
export function resetsFromHere(): () => string {
  const before = counts();
  return () => {
    const more = [...counts()].map(([name, count]) => [name, count - (before.get(name) ?? 0)]);
    const told = more.filter(([, count]) => count !== 0).map((each) => each.join(' '));
    return `resets meanwhile: ${told.join(', ') || 'none'}`;
  };
}
