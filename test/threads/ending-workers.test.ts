/** Worker threads that end while their sockets work. */
import { test } from 'node:test';
import { copyPackage, endWorkers } from '../kit/ending-workers.js';

const COUNT = 12;

test(`${COUNT} workers end amid their work with two copies in the process`, async (t) => {
  const copy = copyPackage(t);
  await endWorkers(t, COUNT, copy, 'barewire', copy);
});
