/**
 * Bare descriptors of this thread: what a connection or a server is while it is on its way. One is
 * detached (nobody's, still open), adopted (this thread's again), duplicated or closed.
 */
import { systemHost } from '../../transport/host.js';
import { systemError } from '../../util/system_error.js';

/** Gives up ownership of a descriptor of this thread; it stays open. Returns it. */
export function detachDescriptor(fd: number): number {
  return systemHost().kernel.release(fd);
}

/** Closes a descriptor of this thread that no object has taken. */
export function closeDescriptor(fd: number): void {
  systemHost().kernel.close(fd, -1);
}

/** A second descriptor for any open one of this process, owned by this thread. Throws. */
export function duplicateDescriptor(fd: number): number {
  const copy = systemHost().kernel.dup(fd);
  if (copy < 0) throw systemError(copy, 'dup');
  return copy;
}

/** As `duplicateDescriptor`, for one that somebody else owns in this thread, and goes on to own. */
export function duplicateForeign(fd: number): number {
  const { kernel } = systemHost();
  const adopted = kernel.adopt(fd);
  if (adopted < 0) throw systemError(adopted, 'dup');
  const copy = kernel.dup(fd);
  kernel.release(fd);
  if (copy < 0) throw systemError(copy, 'dup');
  return copy;
}

/**
 * What tells a socket from every other one of the system, whatever descriptor it has: SO_COOKIE.
 * Empty where `fd` is no socket.
 */
export function socketIdentity(fd: number): string {
  const { kernel } = systemHost();
  const { SOL_SOCKET, SO_COOKIE } = kernel.constants;
  const cookie = Buffer.alloc(8);
  const length = kernel.getsockopt(fd, SOL_SOCKET, SO_COOKIE, cookie);
  return length === 8 ? cookie.toString('hex') : '';
}
