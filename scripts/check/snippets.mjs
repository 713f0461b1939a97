// Fails where a bug that is planted on purpose has no place any more: what an entry of
// scripts/mutants and scripts/planted looks for must be in its file exactly once.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { listFiles, projectRoot, report } from '../lib/files.mjs';

async function entriesOf(folder) {
  const lists = [];
  for (const path of listFiles(projectRoot, folder)) {
    const { default: entries } = await import(pathToFileURL(join(projectRoot, path)).href);
    for (const { file, find } of entries) lists.push({ path, file, find });
  }
  return lists;
}

const entries = [...(await entriesOf('scripts/mutants')), ...(await entriesOf('scripts/planted'))];
const problems = entries.flatMap(({ path, file, find }) => {
  const places = readFileSync(join(projectRoot, file), 'utf8').split(find).length - 1;
  return places === 1 ? [] : [`${path}: ${file} has this ${places} times, not once: ${find}`];
});
report('snippets', problems, `${entries.length} planted bugs have their place`);
