// A reporter for `node --test`: one JSON line for each finished test.

/** `test:pass` and `test:fail` of tests; files and suites are left out. */
export default async function* rowReporter(source) {
  for await (const { type, data } of source) {
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    if (data.details?.type === 'suite') continue;
    const error = data.details?.error;
    const result = {
      name: data.name,
      passed: type === 'test:pass',
      todo: data.todo !== undefined && data.todo !== false,
      skipped: data.skip !== undefined && data.skip !== false,
      error: String(error?.cause?.message ?? error?.message ?? ''),
    };
    yield `${JSON.stringify(result)}\n`;
  }
}
