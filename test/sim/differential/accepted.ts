/** Where `barewire/node` may differ from `node:net`, and why. */

/** The two histories, and the line where they part. */
export interface Parting {
  readonly theirs: readonly string[];
  readonly mine: readonly string[];
  readonly at: number;
}

export interface Accepted {
  readonly why: string;
  /** Whether only that line may differ, or all that comes of it too. */
  readonly covers: 'line' | 'rest';
  applies(parting: Parting): boolean;
}

/** The lines up to the next list of properties: what one call brought about. */
function step(lines: readonly string[], at: number): string {
  const end = lines.findIndex((line, index) => index >= at && line.includes(': '.padEnd(4)));
  return lines.slice(Math.max(0, at - 2), end < 0 ? undefined : end + 2).join('\n');
}

export const ACCEPTED: readonly Accepted[] = [
  {
    why:
      'The manual: address() is null after close(). Node keeps the path of a UNIX server and ' +
      'goes on returning it.',
    covers: 'line',
    applies: ({ theirs, mine, at }) =>
      (theirs[at - 1] ?? '').startsWith('server: address(') &&
      theirs[at] === 'server: → "string"' &&
      mine[at] === 'server: → "object"',
  },
  {
    why:
      'Node tries each write within write(): one to a peer that is gone fails there, so that ' +
      'write() returns false, and end(data) does not end. Writes here are gathered and go when ' +
      'the handler returns, which is where the same error is found.',
    covers: 'rest',
    applies: ({ theirs, at }) =>
      /write|end/i.test(step(theirs, at)) &&
      theirs.some((line) => /(EPIPE|RESET) write/.test(line)),
  },
];
