// npm run native:build: compiles for this machine, warnings being errors. The
// result is preferred to the shipped binaries; ensure.mjs removes it once it is stale.
import { relative } from 'node:path';
import { compile } from './compile.mjs';
import { run } from './fail.mjs';
import { LOCAL_BUILD, ROOT } from './source.mjs';

await run(() => {
  compile(LOCAL_BUILD, { strict: true });
  console.log(`built ${relative(ROOT, LOCAL_BUILD)}`);
});
