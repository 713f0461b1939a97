// Before a process's size is read: all of its young generation has been used.
const ARRAYS = 200_000;
const LENGTH = 64;
const lately = [];

/** Makes 100 MB of garbage, more than the young generation of any of the measured runtimes has. */
export function makeGarbage() {
  for (let i = 0; i < ARRAYS; i++) lately[i % LENGTH] = new Array(LENGTH).fill(i);
}
