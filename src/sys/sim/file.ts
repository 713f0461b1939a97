/**
 * An open file description: what descriptors stand for. Several descriptors, and messages under
 * way, may hold one; it ends when the last lets go.
 */
import { errno } from '../../util/system_error.js';
import { constants } from './constants.js';

/** Who hears that a description's readiness may have changed; an epoll registration. */
export interface Watcher {
  /** `key` names the bits that changed; 0 is "anything". */
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

  /** Copies bytes out; 0 is the end. With `peek` they stay. */
  abstract read(into: Uint8Array, offset: number, length: number, peek: boolean): number;

  /** Takes bytes in, as many as there is room for. */
  abstract write(parts: readonly Uint8Array[]): number;

  /** The last reference is gone. */
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
