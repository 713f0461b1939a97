/** A socket as web streams. */
import { ReadableStream, WritableStream } from 'node:stream/web';
import type { Socket } from '../net/socket/socket.js';

/** Both directions, as in the sockets API of WinterTC. */
export interface WebStreams {
  /** Ends with the peer's FIN; `cancel()` destroys the socket. */
  readonly readable: ReadableStream<Uint8Array>;
  /** A write is done when the kernel has it; `close()` sends FIN; `abort()` destroys the socket. */
  readonly writable: WritableStream<Uint8Array>;
}

function gone(): Error {
  const error = new Error('The socket was closed before its end');
  return Object.assign(error, { code: 'ERR_STREAM_PREMATURE_CLOSE' });
}

function readableOf(socket: Socket): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>({
    start(controller) {
      let open = true;
      const settle = (how: () => void): void => {
        if (open) how();
        open = false;
      };
      socket.pause();
      socket.on('data', (chunk: Buffer) => {
        if (!open) return;
        controller.enqueue(chunk);
        if ((controller.desiredSize ?? 0) <= 0) socket.pause();
      });
      socket.once('end', () => settle(() => controller.close()));
      socket.once('error', (error) => settle(() => controller.error(error)));
      socket.once('close', () => settle(() => controller.error(gone())));
    },
    pull() {
      socket.resume();
    },
    cancel() {
      socket.destroy();
    },
  });
}

function writableOf(socket: Socket): WritableStream<Uint8Array> {
  return new WritableStream<Uint8Array>({
    start(controller) {
      socket.once('error', (error) => controller.error(error));
      socket.once('close', () => controller.error(gone()));
    },
    write: (chunk) =>
      new Promise<void>((resolve, reject) => {
        socket.write(chunk, (error) => (error ? reject(error) : resolve()));
      }),
    close: () =>
      new Promise<void>((resolve, reject) => {
        socket.once('error', reject);
        socket.end(() => {
          socket.off('error', reject);
          resolve();
        });
      }),
    abort(reason) {
      socket.destroy(reason instanceof Error ? reason : undefined);
    },
  });
}

/**
 * The two directions of a socket as web streams, each of which ends by itself. (Node's own
 * `Duplex.toWeb` does not show the peer's FIN on Node 20 and 22 where `allowHalfOpen` is set.)
 */
export function toWebStreams(socket: Socket): WebStreams {
  return { readable: readableOf(socket), writable: writableOf(socket) };
}
