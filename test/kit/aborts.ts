/** Linux's counts of the connections that it reset itself. */
import { readFileSync } from 'node:fs';

const NAMED = /^TCPAbort/;

function counts(): Map<string, number> {
  const [names = '', values = ''] = readFileSync('/proc/net/netstat', 'utf8').split('\n');
  const numbers = values.split(' ').map(Number);
  const all = names.split(' ').map((name, index) => [name, numbers[index] ?? 0] as const);
  return new Map(all.filter(([name]) => NAMED.test(name)));
}

/**
 * Begins to count the connections that the system resets, by reason. The function that it returns
 * gives the counts as a text for a failing test. Connections of other processes are among them. The
 * word of a peer on `node:net` is not enough: one that is paused when the reset comes reports a
 * clean end.
 */
export function resetsFromHere(): () => string {
  const before = counts();
  return () => {
    const more = [...counts()].map(([name, count]) => [name, count - (before.get(name) ?? 0)]);
    const told = more.filter(([, count]) => count !== 0).map((each) => each.join(' '));
    return `resets meanwhile: ${told.join(', ') || 'none'}`;
  };
}
