// Rows as text, for the terminal.

const UNITS = {
  cpuUs: 'µs CPU',
  residentKib: 'KiB',
  wallMs: 'ms',
  p50Ms: 'ms p50',
  loadCpuUs: 'µs CPU of the load',
  share: 'share',
};

const figure = (value) => (value === undefined ? '-' : Number(value.toPrecision(3)).toString());

function comparison(found, compare) {
  if (found === undefined) return '-';
  const sign = compare === 'difference' ? '+' : '×';
  const [median, low, high] = [found.median, found.low, found.high].map((v) => v.toFixed(2));
  return `${sign}${median} [${low}–${high}]`;
}

function rowText(row, { verdicts }) {
  const { metric, cells, compare } = row;
  const lines = [`${row.id}: ${row.title} (${UNITS[metric] ?? metric} per ${row.unit})`];
  for (const [name, cell] of Object.entries(cells)) {
    const references = 'node' in cells || 'c' in cells ? ['node', 'c'] : Object.keys(cell.ratios);
    const parts = references.map((to) => {
      const text = comparison(cell.ratios[to]?.[metric], compare);
      return to === name ? '' : `${text} to ${to}`;
    });
    const latency = cell.p99Ms && metric === 'cpuUs' ? `p99 ${figure(cell.p99Ms.median)} ms` : '';
    const value = figure(cell[metric]?.median).padStart(8);
    const columns = parts.map((part) => part.padEnd(30)).join(' ');
    lines.push(`  ${name.padEnd(14)}${value}  ${columns} ${latency}`.trimEnd());
  }
  for (const [limit, verdict] of Object.entries(verdicts ? row.verdicts : {}))
    lines.push(`  ${limit}: ${verdict}`);
  for (const [name, failure] of Object.entries(row.failures))
    lines.push(`  ${name} FAILED: ${failure}`);
  return lines.join('\n');
}

export const table = (evaluated, options) =>
  evaluated.map((row) => rowText(row, options)).join('\n\n');
