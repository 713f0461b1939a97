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

export class WorkerList {
  private readonly lists: ChildSocketList[] = [];
  /** A socket was sent to a child at some time: the count is not this process's alone. */
  used = false;

  /** A child got its first socket. One that exits takes its connections with it. */
  add(list: ChildSocketList): void {
    this.used = true;
    this.lists.push(list);
    list.once('exit', () => {
      const at = this.lists.indexOf(list);
      if (at >= 0) this.lists.splice(at, 1);
    });
  }

  /** The sum of all children's counts. */
  count(callback: (error: Error | null, count: number) => void): void {
    let left = this.lists.length;
    let total = 0;
    if (left === 0) {
      callback(null, 0);
      return;
    }
    for (const list of [...this.lists]) {
      let answered = false;
      const answer = (error: Error | null, count: number): void => {
        if (answered || left < 0) return;
        answered = true;
        if (error && !isDying(list.child?.pid)) {
          left = -1;
          callback(error, 0);
          return;
        }
        total += error ? 0 : count;
        if (--left === 0) callback(null, total);
      };
      list.getConnections(answer);
      // A child that dies before it answers has no connections any more.
      list.once('exit', () => answer(null, 0));
    }
  }

  /** Calls back when no child has a connection of this server any more. */
  drained(callback: () => void): void {
    let left = this.lists.length;
    if (left === 0) {
      callback();
      return;
    }
    for (const list of [...this.lists]) {
      let done = false;
      const one = (): void => {
        if (done) return;
        done = true;
        if (--left === 0) callback();
      };
      list.close(one);
      list.once('exit', one);
    }
  }
}
