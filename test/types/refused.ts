/** What must not compile, and what completion must know. */
import { BoundSocket, connect, createServer, type Socket } from 'barewire';
import { connect as connectPromise, listen } from 'barewire/promises';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? 1 : 0;
const is = <T extends 1>(proof: T): T => proof;

const socket = connect(1);
// @ts-expect-error: a listener for 'close' gets a boolean
socket.on('close', (hadError: string) => hadError);
// @ts-expect-error: 'connect' has no arguments
socket.once('connect', (what: number) => what);
// @ts-expect-error: 'data' gives a Buffer or a string
socket.prependListener('data', (data: number) => data);
// @ts-expect-error: 'error' gives an Error
socket.addListener('error', (code: number) => code);
// @ts-expect-error: ports are numbers or texts
connect({ port: true });
// @ts-expect-error: one of port and path is needed
connect({ host: 'localhost' });
// @ts-expect-error: a listener is a function
createServer({}, 'listener');
// @ts-expect-error: no such option
new BoundSocket({ prot: 5 });
// @ts-expect-error: a server's 'connection' gives a socket
createServer().on('connection', (other: string) => other);
// @ts-expect-error: no such option
void listen({ portt: 5 });

socket.on('data', (data) => is<Equal<typeof data, Buffer>>(1));
socket.on('error', (error) => is<Equal<typeof error, NodeJS.ErrnoException>>(1));
socket.on('close', (hadError) => is<Equal<typeof hadError, boolean>>(1));
createServer((peer) => is<Equal<typeof peer, Socket>>(1));
createServer().once('connection', (peer) => is<Equal<typeof peer, Socket>>(1));
is<Equal<typeof socket.localPort, number | undefined>>(1);

export async function main(): Promise<void> {
  const server = await listen({ port: 0 });
  for await (const peer of server) is<Equal<typeof peer, Socket>>(1);
  const made = await connectPromise({ port: 1, signal: AbortSignal.timeout(5) });
  is<Equal<typeof made, Socket>>(1);
  is<Equal<Awaited<ReturnType<typeof closed>>, void>>(1);
  async function closed() {
    return server.close();
  }
}
