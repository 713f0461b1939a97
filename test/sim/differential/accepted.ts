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

/** A write that failed, as a history has it. */
const WRITE_FAILED = /(EPIPE|RESET) write/;
const READ_FAILED = /'error' Error ECONNRESET read /;
const RESET = /: reset\(/;
const UNREAD = / readableFlowing=false readableEnded=false readableLength=[1-9]/;

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
      'write() returns false, and end(data) does not end. Writes here are gathered and leave ' +
      'when the handler returns; the same error comes then.',
    covers: 'rest',
    // It shows in the histories of the server and of the peer too, so anywhere will do.
    applies: ({ theirs, mine }) =>
      theirs.some((line) => WRITE_FAILED.test(line)) ||
      mine.some((line) => WRITE_FAILED.test(line)),
  },
  {
    why:
      'A connection fails while its reader has paused with bytes unread: Node destroys the ' +
      'socket, and them with it. Here the error comes once they are read, or after a second.',
    covers: 'rest',
    // It shows in the server's history too, which comes first: when it counts and closes.
    applies: ({ theirs, mine, at }) =>
      (READ_FAILED.test(theirs[at] ?? '') && UNREAD.test(mine[at] ?? '')) ||
      (mine.some((line) => RESET.test(line)) && mine.some((line) => UNREAD.test(line))),
  },
  {
    why:
      "A reset comes while the reader has paused: Node 20 and 22 emit 'end', as if all had come " +
      '(findings/node-reset-while-paused-is-a-clean-end.sh). Here it is an error.',
    covers: 'rest',
    applies: ({ theirs, mine, at }) =>
      /: 'end'$/.test(theirs[at] ?? '') &&
      READ_FAILED.test(mine[at] ?? '') &&
      mine.some((line) => RESET.test(line)),
  },
];
