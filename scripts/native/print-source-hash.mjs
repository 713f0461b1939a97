// For binding.gyp, which takes the hash from this script's output.
import { sourceHash } from './source.mjs';

process.stdout.write(sourceHash());
