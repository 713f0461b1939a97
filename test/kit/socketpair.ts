import assert from 'node:assert/strict';
import { systemHost } from '#internal/transport/host';

/** Two UNIX sockets that are connected to each other, as descriptors in this thread's ledger. */
export function socketpair(): [number, number] {
  const { kernel } = systemHost();
  const into: number[] = [];
  const { AF_UNIX, SOCK_STREAM } = kernel.constants;
  assert.equal(kernel.socketpair(AF_UNIX, SOCK_STREAM, into), 0);
  return into as [number, number];
}
