/** Writes bytes that never repeat to standard output, their SHA-256 to standard error. */
import { createHash, randomBytes } from 'node:crypto';
import { writeSync } from 'node:fs';

const MIB = 1024 * 1024;
const STAMP_EVERY = 4096;

const block = randomBytes(MIB);
const hash = createHash('sha256');
const count = Number(process.argv[2]) / MIB;
for (let i = 0; i < count; i++) {
  for (let at = 0; at < MIB; at += STAMP_EVERY) block.writeUInt32LE(i, at);
  hash.update(block);
  for (let done = 0; done < MIB; ) done += writeSync(1, block, done);
}
process.stderr.write(`${hash.digest('hex')}\n`);
