/**
 * Connections of a server that live in child processes. Node's `child_process` keeps a list for
 * each child and asks it; a server adds up what they say.
 */
import { readFileSync } from 'node:fs';

/** What `child_process` gives a server for each child that got one of its sockets. */
export interface ChildSocketList {
  getConnections(callback: (error: Error | null, count: number) => void): void;
  close(callback: () => void): void;
  once(event: 'exit', listener: () => void): unknown;
  readonly key: string;
  /** What `getConnections` and `close` do; the latter alone takes a dead child for an answer. */
  _request?(
    message: { readonly cmd: string; readonly key: string },
    answer: string,
    swallowErrors: boolean,
    callback: (error: Error | null, message?: { readonly count: number }) => void,
  ): void;
  /** The process that the list is of. */
  readonly child?: { readonly pid?: number | undefined };
}

const PF_EXITING = 4;

/**
 * Whether a child that does not answer has closed its descriptors already: its end is sometimes
 * seen on the channel before Node is told of it.
 */
function isDying(pid: number | undefined): boolean {
  if (pid === undefined) return true;
  try {
    const about = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const [state, , , , , , flags] = about.slice(about.lastIndexOf(')') + 2).split(' ');
    return state === 'Z' || state === 'X' || (Number(flags) & PF_EXITING) !== 0;
  } catch {
    return true;
  }
}

/** One child, and who waits for an answer of it. */
class ChildList {
  private readonly waiting = new Set<() => void>();

  constructor(
    readonly list: ChildSocketList,
    onExit: () => void,
  ) {
    list.once('exit', () => {
      onExit();
      for (const give of [...this.waiting]) give();
    });
  }

  /** How many connections the child has: none where it is dead, or dies before it answers. */
  count(callback: (error: Error | null, count: number) => void): void {
    this.ask(
      (answer) => this.askForCount(answer),
      (error, count) => {
        if (error && !isDying(this.list.child?.pid)) callback(error, 0);
        else callback(null, error ? 0 : count);
      },
    );
  }

  /**
   * As `getConnections` of the list, which would have the child emit an `'error'` where it was
   * killed and Node does not know yet.
   */
  private askForCount(answer: (error: Error | null, count: number) => void): void {
    const { list } = this;
    if (list._request === undefined) {
      list.getConnections(answer);
      return;
    }
    const question = { cmd: 'NODE_SOCKET_GET_COUNT', key: list.key };
    list._request(question, 'NODE_SOCKET_COUNT', true, (error, message) => {
      answer(error, message?.count ?? 0);
    });
  }

  /** Calls back when the child has none any more. */
  drained(callback: () => void): void {
    this.ask((answer) => this.list.close(() => answer(null, 0)), callback);
  }

  private ask(
    question: (answer: (error: Error | null, count: number) => void) => void,
    callback: (error: Error | null, count: number) => void,
  ): void {
    const gone = (): void => answer(null, 0);
    const answer = (error: Error | null, count: number): void => {
      if (this.waiting.delete(gone)) callback(error, count);
    };
    this.waiting.add(gone);
    question(answer);
  }
}

export class WorkerList {
  private readonly children = new Set<ChildList>();
  /** A socket was sent to a child at some time: the count is not this process's alone. */
  used = false;

  /** A child got its first socket. One that exits takes its connections with it. */
  add(list: ChildSocketList): void {
    this.used = true;
    const child = new ChildList(list, () => this.children.delete(child));
    this.children.add(child);
  }

  /** The sum of all children's counts, or the first error. */
  count(callback: (error: Error | null, count: number) => void): void {
    let left = this.children.size;
    let total = 0;
    if (left === 0) callback(null, 0);
    for (const child of [...this.children]) {
      child.count((error, count) => {
        if (left < 0) return;
        total += count;
        left = error ? -1 : left - 1;
        if (left <= 0) callback(error, total);
      });
    }
  }

  /** Calls back when no child has a connection of this server any more. */
  drained(callback: () => void): void {
    let left = this.children.size;
    if (left === 0) callback();
    for (const child of [...this.children]) {
      child.drained(() => {
        if (--left === 0) callback();
      });
    }
  }
}
