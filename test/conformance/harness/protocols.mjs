// Node's tests of `tls` and `https`, on the built-in and on the ready-made servers and clients:
// what passes on one and not on the other, and whether a reason is known.
import { readFileSync } from 'node:fs';

export const PROTOCOL_TESTS = /^test-(tls|https)-.*\.(js|mjs|cjs)$/;

const KNOWN = new URL('protocols.json', import.meta.url);

const count = (results, status) => results.filter((result) => result.status === status).length;

/** Pairs of results, the control's first. A test that uses nothing that is replaced is left out. */
function comparedTests(control, ours) {
  return control
    .map((result) => [result, ours.find(({ file }) => file === result.file)])
    .filter((pair) => pair.some(({ status }) => status !== 'skipped'));
}

/** Prints the table of a Node; returns how many tests differ for no known reason. */
export function compareProtocols(version, control, ours) {
  const known = JSON.parse(readFileSync(KNOWN, 'utf8')).tests;
  const pairs = comparedTests(control, ours);
  const differing = pairs.filter(
    ([before, now]) => before.status === 'pass' && now.status !== 'pass',
  );
  const unknown = differing.filter(([{ file }]) => known[file] === undefined);
  for (const [{ file }, { status, why }] of differing) {
    console.log(`${status}: ${file}  ${known[file] ?? why}`);
  }
  for (const [before, now] of pairs) {
    if (before.status !== 'pass' && now.status === 'pass') {
      console.log(`only on ours: ${now.file}  (the built-in: ${before.why})`);
    }
  }
  console.log(`\ntls and https on Node ${version}`);
  const [first, second] = [0, 1].map((side) => pairs.map((pair) => pair[side]));
  console.table({
    'built-in': { tests: pairs.length, pass: count(first, 'pass') },
    barewire: { tests: pairs.length, pass: count(second, 'pass') },
  });
  return unknown.length;
}
