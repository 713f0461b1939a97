/**
 * A peer that answers and closes without reading all of our bytes, while our writes wait. The
 * kernel resets the connection, and keeps the answer for us to read. Whoever reads must get all of
 * it before the error.
 */
import { kConnection } from '#internal/net/symbols';
import { errno } from '#internal/util/system_error';
import type { Actor } from './actor.js';

/** More than both kernels keep: the rest waits. */
const WAITING_BYTES = 300_000;
const WRITES = 8;
/** How long the other side's bytes may take to be there. */
const ANSWER_AFTER_MS = 20;
const HELD_UP_MS = 5;

const LOST_CONNECTION = new Set(['ECONNRESET', 'EPIPE']);

/** Notes what `victim`'s kernel still has of its peer when its descriptor is closed. */
function watchClosing(victim: Actor): void {
  const { socket, run } = victim;
  const core = socket[kConnection];
  const { stream } = core;
  if (stream === null || stream.fd < 0) return;
  const { kernel } = stream.host;
  let unreadBytes = 0;
  let reads = false;
  const close = stream.close.bind(stream);
  stream.close = () => {
    if (stream.fd >= 0) unreadBytes = kernel.pending(stream.fd, kernel.constants.FIONREAD);
    reads = socket.readableFlowing === true && socket.listenerCount('readable') === 0;
    return close();
  };
  // The simulated kernel lets reads fail: what such a one had for the reader is lost.
  let readFailed = false;
  const onReadError = core.onReadError.bind(core);
  core.onReadError = (status) => {
    readFailed ||= status !== -errno.ECONNRESET;
    onReadError(status);
  };
  socket.once('error', ({ code = '' }: NodeJS.ErrnoException) => {
    if (!LOST_CONNECTION.has(code)) return;
    run.census.add(`last words: ${code}`);
    if (reads && !readFailed && unreadBytes > 0)
      victim.wrong(`${unreadBytes} bytes came before ${code}, untold`);
  });
}

/** `actor` answers its peer and closes, with what that wrote meanwhile unread. */
export function speakAndClose(actor: Actor, amount: number): void {
  // By the first bytes it is known who the peer is.
  if (actor.check.key < 0) actor.inData.push(() => speakTo(actor, amount));
  else speakTo(actor, amount);
}

function speakTo(actor: Actor, amount: number): void {
  const { run, socket, check } = actor;
  const victim = run.senders.get(check.key);
  if (victim === undefined || victim === actor || victim.echoes || !actor.speaks) return;
  if (victim.closed || !victim.speaks) return;
  run.census.add('last words: said');
  socket.pause();
  victim.socket.resume();
  watchClosing(victim);
  for (let i = 0; i < WRITES; i++) victim.send(victim.source.next(WAITING_BYTES));
  setTimeout(() => {
    if (actor.closed || !actor.speaks) return;
    // So that the reset is there when the last of the answer is read.
    run.holdUp(actor, HELD_UP_MS);
    const answer = actor.source.next(amount);
    if (amount % 2 === 0) {
      actor.send(answer, () => socket.destroy());
    } else {
      // Here a FIN comes before the reset.
      actor.send(answer);
      socket.destroySoon();
    }
  }, ANSWER_AFTER_MS);
}
