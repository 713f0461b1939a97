// npm run native:check: the shipped binaries are all there, are sound, and are made from the
// present source.
import { relative } from 'node:path';
import { ROOT } from './source.mjs';
import { TARGETS } from './targets.mjs';
import { verify } from './verify.mjs';

const problems = TARGETS.flatMap((target) =>
  verify(target).map((problem) => `${relative(ROOT, target.file)} ${problem}`),
);
for (const problem of problems) console.error(problem);
if (problems.length > 0) {
  console.error('Make them anew and commit them: npm run native:prebuild && git add prebuilds');
  process.exitCode = 1;
} else {
  console.log(`${TARGETS.length} shipped binaries match native/barewire.c`);
}
