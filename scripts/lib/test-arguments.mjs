// Sorts the test command's arguments into flags for `node --test` and parts of file names.

const TAKES_VALUE = new Set([
  '--test-concurrency',
  '--test-name-pattern',
  '--test-reporter',
  '--test-reporter-destination',
  '--test-skip-pattern',
  '--test-timeout',
]);

/** `--flag value` is joined to `--flag=value`; whatever does not start with '-' is a filter. */
export function sortArguments(argv) {
  const flags = [];
  const filters = [];
  for (let at = 0; at < argv.length; at++) {
    const argument = argv[at];
    if (!argument.startsWith('-')) filters.push(argument);
    else if (TAKES_VALUE.has(argument) && at + 1 < argv.length)
      flags.push(`${argument}=${argv[++at]}`);
    else flags.push(argument);
  }
  return { flags, filters };
}
