// What a run of Node's tests gave, as a table.

const STATES = ['pass', 'fail', 'timeout', 'skipped', 'excluded'];

function count(results) {
  const counts = Object.fromEntries(STATES.map((state) => [state, 0]));
  for (const { status } of results) counts[status]++;
  return { total: results.length, ...counts };
}

/** The results by group, with how many of the strict passes prove little. */
export function totalsOf(results) {
  const own = results.filter(({ isExtra }) => !isExtra);
  const strict = own.filter((result) => result.class === 'strict');
  return {
    groups: {
      strict: count(strict),
      borderline: count(own.filter((result) => result.class === 'borderline')),
      excluded: count(own.filter((result) => result.class === 'excluded')),
      extra: count(results.filter(({ isExtra }) => isExtra)),
    },
    weak: strict.filter(({ status, weak }) => status === 'pass' && weak !== undefined).length,
  };
}

/** Prints each test that did not pass, what asked for the built-in, and the table. */
export function printReport(name, results) {
  for (const { status, file, why } of results) {
    if (status !== 'pass' && status !== 'excluded') console.log(`${status}: ${file}  ${why}`);
  }
  for (const { file, builtin = [] } of results) {
    for (const request of builtin) console.log(`asked for the built-in: ${request} (${file})`);
  }
  const { groups, weak } = totalsOf(results);
  console.log(`\n${name}`);
  console.table(groups);
  console.log(`strict passes that a stand-in which does nothing has as well: ${weak}`);
}
