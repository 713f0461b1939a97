/** Many worker threads that end while their sockets work. `npm run test:soak` ends 1,000. */
import { test } from 'node:test';
import { copyPackage, endWorkers } from '../kit/ending-workers.js';

const COUNT = process.env['BAREWIRE_SOAK'] ? 1000 : 180;

test(`${COUNT} workers end amid their work where only they load the module`, async (t) => {
  await endWorkers(t, COUNT, 'none', 'barewire');
});

test(`${COUNT} workers end amid their work beside a main thread with sockets`, async (t) => {
  await endWorkers(t, COUNT, 'barewire', 'barewire');
});

test(`${COUNT} workers end amid their work with two copies in the process`, async (t) => {
  const copy = copyPackage(t);
  await endWorkers(t, COUNT, copy, 'barewire', copy);
});
