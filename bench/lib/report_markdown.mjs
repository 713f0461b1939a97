// Results as Markdown tables.

const UNITS = {
  cpuUs: 'µs CPU',
  residentKib: 'KiB',
  wallMs: 'ms',
  p50Ms: 'ms, p50',
  loadCpuUs: 'µs CPU',
  share: '',
};

export const RUNTIMES = ['go', 'bun', 'bun-net', 'deno', 'deno-net'];

const digits = (value) => (value === undefined ? '' : `${Number(value.toPrecision(3))}`);

function compared(found, compare) {
  if (found === undefined) return '';
  const [median, low, high] = [found.median, found.low, found.high].map((v) =>
    compare === 'difference' ? v.toFixed(1) : v.toFixed(2),
  );
  const sign = compare === 'difference' && found.median > 0 ? '+' : '';
  return `**${sign}${median}** (${low} to ${high})`;
}

const limits = (row, kind) =>
  Object.entries(row[kind] ?? {})
    .map(([, limit]) => (row.compare === 'difference' ? `+${limit}` : `${limit}`))
    .join(' / ');

const line = (cells) => `| ${cells.join(' | ')} |`;

/**
 * The best of the other runtimes in a row, with its ratio to node:net: that of their own rounds,
 * which may be of an earlier run.
 */
function bestOther(row, contenders) {
  const found = RUNTIMES.map((name) => ({
    name,
    ratio: row.cells[name]?.ratios.node?.[row.metric],
  }))
    .filter(({ ratio }) => ratio !== undefined)
    .sort((a, b) => a.ratio.median - b.ratio.median)[0];
  if (found === undefined) return '';
  const { date } = row.cells[found.name];
  const when = date === undefined ? '' : `, ${date}`;
  return `${compared(found.ratio, row.compare)} ${contenders[found.name]}${when}`;
}

/** One line per scenario: what it costs, against node:net and C. */
export function mainTable(rows, contenders) {
  const newest = rows
    .map(({ date }) => date)
    .sort()
    .at(-1);
  const head = [
    'scenario',
    'unit',
    'barewire',
    'node:net',
    'C',
    'to node:net',
    'to C',
    'best other to node:net',
  ];
  const lines = rows.map((row) => {
    const { cells, metric, compare, unit } = row;
    const value = (name) => digits(cells[name]?.[metric]?.median);
    const ratios = ['node', 'c'].map((to) =>
      to === 'c' && compare === 'difference'
        ? ''
        : compared(cells.ours?.ratios[to]?.[metric], compare),
    );
    const per = `${UNITS[metric] ?? metric} / ${unit}`;
    return line([
      row.date === newest ? row.title : `${row.title} (${row.date})`,
      per,
      ...['ours', 'node', 'c'].map(value),
      ...ratios,
      bestOther(row, contenders),
    ]);
  });
  return [line(head), line(head.map(() => '---')), ...lines].join('\n');
}

/** Everything of one row: CPU, throughput and latency of each contender, with its ratios. */
export function rowDetails(row, contenders) {
  const columns = ['cpuUs', 'perSecond', 'p50Ms', 'p99Ms', 'p999Ms'];
  const own = columns.includes(row.metric) ? columns : [row.metric];
  const shown = own.filter((metric) => Object.values(row.cells).some((cell) => cell[metric]));
  const titles = {
    cpuUs: 'CPU µs',
    perSecond: 'per second',
    p50Ms: 'p50 ms',
    p99Ms: 'p99 ms',
    p999Ms: 'p99.9 ms',
  };
  const references = [
    ...new Set(Object.values(row.cells).flatMap(({ ratios }) => Object.keys(ratios))),
  ];
  const to = row.must?.variants || row.cells.node === undefined ? references : ['node', 'c'];
  const head = [
    '',
    ...shown.map((metric) => titles[metric] ?? UNITS[metric]),
    ...to.flatMap((name) =>
      shown.map((metric) => `${titles[metric] ?? ''} to ${contenders[name] ?? name}`),
    ),
  ];
  const lines = Object.entries(row.cells).map(([name, cell]) =>
    line([
      `${contenders[name] ?? name}${cell.date === undefined ? '' : ' (earlier run)'}`,
      ...shown.map((metric) => digits(cell[metric]?.median)),
      ...to.flatMap((reference) =>
        shown.map((metric) => compared(cell.ratios[reference]?.[metric], row.compare)),
      ),
    ]),
  );
  return [
    `### ${row.title}`,
    '',
    `Per ${row.unit}; ${row.pairs} rounds, ${row.date}.`,
    '',
    line(head),
    line(head.map(() => '---')),
    ...lines,
    '',
    ...limitsText(row),
  ].join('\n');
}

function limitsText(row) {
  const asked = ['must', 'stretch']
    .filter((kind) => row[kind])
    .map((kind) => `${kind} ${limits(row, kind)}`);
  const verdicts = Object.entries(row.verdicts).map(([limit, verdict]) => `- ${limit}: ${verdict}`);
  return asked.length === 0 ? [] : [`Asked: ${asked.join(', ')}.`, '', ...verdicts, ''];
}
