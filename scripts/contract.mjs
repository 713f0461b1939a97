// `npm run contract [-- C014 …]`: runs the tests of the contract's rows and prints, for each row,
// how many tests it has and whether it holds. Fails where a row has no test or a failing one.
import { readRows, runRows, selectRows } from './lib/rows.mjs';

/** `{tests, verdict, bad}` for one row. */
function judge(row, results) {
  const mine = results.filter((result) => result.row === row.id);
  const failed = mine.filter(({ passed }) => !passed);
  const tests = mine.length;
  if (tests === 0 && row.todo?.all) return { tests, verdict: 'todo', bad: false };
  if (tests === 0) return { tests, verdict: 'NO TEST', bad: true };
  if (failed.length > 0) return { tests, verdict: 'NO', bad: true };
  return { tests, verdict: row.todo === null ? 'holds' : 'holds *', bad: false };
}

function print(row, { tests, verdict }) {
  const count = String(tests).padStart(3);
  console.log(`${row.id}  ${verdict.padEnd(8)} ${count}  ${row.statement}`);
  if (row.todo) console.log(`      todo: ${row.todo.what}: ${row.todo.why}`);
}

const rows = selectRows(readRows(), process.argv.slice(2));
const { results, errors } = await runRows(rows.map(({ id }) => id));
const verdicts = rows.map((row) => ({ row, ...judge(row, results) }));

console.log('row   verdict  tests  statement');
for (const { row, ...verdict } of verdicts) print(row, verdict);

// Whatever failed, tests of no row (a file that could not run) included.
const failed = results.filter(({ passed }) => !passed);
for (const { name, error, todo } of failed) {
  console.log(`\nFAILED ${name}${todo ? ' (marked todo)' : ''}\n  ${error}`);
}
if (failed.length > 0 && errors !== '') console.error(errors);

const bad = verdicts.filter((verdict) => verdict.bad).length;
const held = verdicts.filter(({ verdict }) => verdict.startsWith('holds')).length;
console.log(`\n${held} of ${rows.length} rows hold, ${bad} do not, ${results.length} tests`);
if (bad > 0 || failed.some(({ todo }) => !todo)) process.exitCode = 1;
