// A reporter for `node --test`: the path of each file in which a test failed, one a line.

export default async function* failedFilesReporter(source) {
  const seen = new Set();
  for await (const { type, data } of source) {
    if (type !== 'test:fail') continue;
    // A file that crashed or hung is reported under its own path.
    const file = data.file ?? data.name;
    if (seen.has(file)) continue;
    seen.add(file);
    yield `${file}\n`;
  }
}
