import { createHash } from 'node:crypto';

/** The SHA-1 of these chunks as if they were one, in hexadecimal. */
export function sha1(...chunks: Uint8Array[]): string {
  const hash = createHash('sha1');
  for (const chunk of chunks) hash.update(chunk);
  return hash.digest('hex');
}
