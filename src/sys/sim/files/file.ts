/**
 * An open file description: what a descriptor stands for. Several descriptors may hold one, and so
 * may messages that carry it. It ends when the last of them lets go.
 */
import { errno } from '../../../util/system_error.js';
import { constants } from '../constants.js';

/** Is told when the readiness of a description may have changed: an epoll registration. */
export interface Watcher {
  /** `key` has the bits that changed; 0 stands for any of them. */
  wake(key: number): void;
  /** The description has ended. */
  gone(): void;
}

/** Bytes and the descriptions sent with them. */
export interface Received {
  count: number;
  rights: readonly SimFile[];
}

export abstract class SimFile {
  readonly watchers = new Set<Watcher>();
  private references = 0;

  /** The file type bits of fstat(2). */
  abstract readonly kind: number;

  /** Epoll's bits as they are now. */
  abstract poll(): number;

  /** Copies bytes out. Returns how many, 0 at the end, or -errno. With `peek` they stay. */
  abstract read(into: Uint8Array, offset: number, length: number, peek: boolean): number;

  /** Takes in as many bytes as there is room for. Returns how many, or -errno. */
  abstract write(parts: readonly Uint8Array[]): number;

  /** Runs when the last reference has gone. */
  protected abstract end(): void;

  /** ioctl(2): FIONREAD or SIOCOUTQ. */
  pending(_request: number): number {
    return -errno.EINVAL;
  }

  hold(): void {
    this.references++;
  }

  release(): void {
    if (--this.references > 0) return;
    for (const watcher of [...this.watchers]) watcher.gone();
    this.end();
  }

  wake(key: number): void {
    for (const watcher of [...this.watchers]) watcher.wake(key);
  }

  wakeReaders(): void {
    this.wake(constants.EPOLLIN);
  }

  wakeWriters(): void {
    this.wake(constants.EPOLLOUT);
  }
}
