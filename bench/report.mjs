// `npm run bench:report`: README's table, the plots and bench/results/README.md, all from the JSON
// in bench/results. `node report.mjs --from FILE --to FOLDER` draws another file elsewhere.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { benchFolder } from './lib/contenders.mjs';
import { ratioPlot, scalePlot } from './lib/plots.mjs';
import { mainTable, RUNTIMES, rowDetails } from './lib/report_markdown.mjs';
import { loadRows, scaleRows } from './lib/rows.mjs';

const { values } = parseArgs({ options: { from: { type: 'string' }, to: { type: 'string' } } });
const resultsFolder = join(benchFolder, 'results');
const toFolder = values.to ?? resultsFolder;
const BEGIN = '<!-- bench: begin -->';
const END = '<!-- bench: end -->';

const TITLES = {
  ours: 'barewire',
  base: 'barewire before',
  node: 'node:net',
  floor: 'bare Duplex',
  transport: 'transport, no streams',
  c: 'C, epoll',
  go: 'Go',
  bun: 'Bun',
  'bun-net': "Bun's node:net",
  deno: 'Deno',
  'deno-net': "Deno's node:net",
};

const others = new Set([...scaleRows, ...loadRows].map(({ id }) => id));
const scenariosOf = (results) => results.rows.filter(({ id }) => !others.has(id));

function resultFiles() {
  if (values.from) return [values.from];
  const names = readdirSync(resultsFolder).filter((name) => /^node-\d+\.json$/.test(name));
  return names.sort().map((name) => join(resultsFolder, name));
}

function about(results) {
  const { machine, versions, node } = results;
  const runtimes = RUNTIMES.filter((name) => versions[name] && !name.endsWith('-net')).map((name) =>
    versions[name].replace(/^go version /, ''),
  );
  const pairs = [...new Set(results.rows.map((row) => row.pairs))].join(' or ');
  return (
    `Node ${node} on ${machine.cpu}, ${machine.cores} cores, Linux ${machine.kernel}; ` +
    `${versions.c ?? 'no C'}; ${runtimes.join('; ')}. Medians of ${pairs} interleaved rounds in ` +
    'fresh processes, with 95 % intervals; the server on one core, the load on another.'
  );
}

/** Draws the plots of one file; returns `{name, caption}` of each. */
function draw(results) {
  const major = results.node.replace(/^v/, '').split('.')[0];
  const byCpu = scenariosOf(results).filter(({ metric }) => metric === 'cpuUs');
  const active = results.rows.find(({ id }) => id === 'scale-active');
  const plots = [
    [
      'to-node',
      'Server CPU relative to node:net',
      () => ratioPlot(byCpu, 'node', 'CPU relative to node:net →'),
    ],
    ['to-c', 'Server CPU relative to C', () => ratioPlot(byCpu, 'c', 'CPU relative to C →')],
  ];
  if (active)
    plots.push(['active', 'CPU per message by active connections', () => scalePlot(active)]);
  return plots.map(([name, caption, svg]) => {
    const file = `node-${major}-${name}.svg`;
    writeFileSync(join(toFolder, file), svg());
    return { file, caption };
  });
}

function readmePart(results, plots) {
  return [
    BEGIN,
    '',
    about(results),
    '',
    mainTable(scenariosOf(results), TITLES),
    '',
    ...plots.map(({ file, caption }) => `![${caption}](bench/results/${file})`),
    '',
    'Made by `npm run bench`, then `npm run bench:report`; everything that was measured is in',
    '[bench/results](bench/results/README.md).',
    '',
    END,
  ].join('\n');
}

function details(all) {
  const parts = all.map(({ results, plots }) =>
    [
      `## Node ${results.node}`,
      '',
      about(results),
      '',
      ...plots.map(({ file, caption }) => `![${caption}](${file})`),
      '',
      ...results.rows.map((row) => rowDetails(row, TITLES)),
    ].join('\n'),
  );
  return [
    '# What was measured',
    '',
    'Made by `npm run bench:report` from the JSON beside it.',
    '',
    ...parts,
  ].join('\n');
}

const files = resultFiles();
if (files.length === 0) throw new Error('there are no results: npm run bench');
mkdirSync(toFolder, { recursive: true });
const all = files.map((file) => {
  const results = JSON.parse(readFileSync(file, 'utf8'));
  return { results, plots: draw(results) };
});
writeFileSync(join(toFolder, 'README.md'), `${details(all).trimEnd()}\n`);
if (!values.to) {
  const readme = join(benchFolder, '..', 'README.md');
  const text = readFileSync(readme, 'utf8');
  const [before, rest] = text.split(BEGIN);
  if (rest === undefined) throw new Error(`README.md has no line ${BEGIN}`);
  writeFileSync(readme, before + readmePart(all[0].results, all[0].plots) + rest.split(END)[1]);
}
