// A reporter for `node --test`: a line of JSON for each test that ended, `{name, passed}`. A file
// that crashed or hung is reported under its own path. `{missing}` is what a test says of programs
// that are not installed (test/kit/tools.ts).

export default async function* failedTestsReporter(source) {
  for await (const { type, data } of source) {
    const note = type === 'test:diagnostic' ? data.message : data.skip;
    if (String(note).startsWith('not installed: ')) yield `${JSON.stringify({ missing: note })}\n`;
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    yield `${JSON.stringify({ name: data.name, passed: type === 'test:pass' })}\n`;
  }
}
