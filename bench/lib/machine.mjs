// Where a run took place, as far as it bears on the figures.
import { readFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';

export function machine() {
  const [cpu] = cpus();
  return {
    cpu: cpu?.model ?? process.arch,
    cores: cpus().length,
    memoryGib: Math.round(totalmem() / 1024 ** 3),
    kernel: release(),
    arch: process.arch,
  };
}

export function descriptorLimit() {
  const limits = readFileSync('/proc/self/limits', 'latin1');
  return Number(/Max open files\s+(\d+)/.exec(limits)?.[1] ?? Number.POSITIVE_INFINITY);
}

/** How much else was going on: the load average of the last minute. */
export const busyness = () => Number(loadavg()[0]?.toFixed(2));
