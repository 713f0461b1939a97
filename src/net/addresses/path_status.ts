/** How errors about UNIX paths reach users. */
import { errno } from '../../util/system_error.js';

/**
 * A path longer than a socket address has room for is EINVAL to users, which is the kernel's own
 * word for such an address, and what `node:net` reports.
 */
export function pathStatus<Result>(status: Result | number): Result | number {
  return status === -errno.ENAMETOOLONG ? -errno.EINVAL : status;
}
