// From the measurements of a row to its figures: medians, ratios with intervals, and whether the
// limits are kept.
import { ratio, summary } from './stats.mjs';

const METRICS = [
  'cpuUs',
  'perSecond',
  'p50Ms',
  'p99Ms',
  'p999Ms',
  'stallMs',
  'loadCpuUs',
  'residentMib',
];

const column = (runs, metric) => runs.map((run) => run?.[metric] ?? null);
const present = (values) => values.filter((value) => value !== null);
const rounded = (value) => (value === null ? null : Number(value.toPrecision(5)));

function figures(runs, metrics) {
  const result = {};
  for (const metric of metrics) {
    const values = present(column(runs, metric));
    if (values.length > 0) result[metric] = { ...summary(values), values: values.map(rounded) };
  }
  return result;
}

/** `{to: {metric: {median, low, high, pairs}}}` for one contender. */
function ratiosOf(measured, name, references, metrics, combine) {
  const result = {};
  for (const to of references) {
    if (to === name || measured[to] === undefined) continue;
    const byMetric = {};
    for (const metric of metrics) {
      const found = ratio(column(measured[name], metric), column(measured[to], metric), combine);
      if (found !== null) byMetric[metric] = found;
    }
    result[to] = byMetric;
  }
  return result;
}

/** What a limit says of a ratio: kept for sure, kept by the median, or not. */
function judge(found, limit) {
  if (found === undefined || limit === undefined) return undefined;
  if (found.high <= limit) return 'met';
  return found.median <= limit ? 'met by the median' : 'not met';
}

function verdictsOf(row, cells, metric) {
  const verdicts = {};
  for (const kind of ['must', 'stretch']) {
    for (const [to, limit] of Object.entries(row[kind] ?? {})) {
      const pairs =
        to === 'variants'
          ? row.variants
              .filter(({ contender }) => contender === 'ours')
              .map(({ name, to: first }) => [name, cells[name]?.ratios[first]])
          : [['ours', cells.ours?.ratios[to]]];
      for (const [name, ratios] of pairs) {
        const verdict = judge(ratios?.[metric], limit);
        if (verdict !== undefined) verdicts[`${kind} ${name}/${to} ${limit}`] = verdict;
      }
    }
  }
  return verdicts;
}

export function evaluate({ row, measured, failures, busy }, pairs) {
  const metric = row.metric ?? 'cpuUs';
  const metrics = METRICS.includes(metric) ? METRICS : [metric];
  const combine = row.compare === 'difference' ? (a, b) => a - b : undefined;
  const names = Object.keys(measured);
  const cells = {};
  for (const name of names) {
    const others = row.variants
      ? row.variants.filter((variant) => variant.name === name).map(({ to }) => to)
      : name === 'ours'
        ? names
        : ['node', 'c', 'base'];
    cells[name] = {
      ...figures(measured[name], metrics),
      ratios: ratiosOf(measured, name, others, metrics, combine),
    };
  }
  const { id, title, unit = 'message', compare = 'ratio', must, stretch } = row;
  const date = new Date().toISOString().slice(0, 10);
  const verdicts = verdictsOf(row, cells, metric);
  return {
    id,
    title,
    unit,
    metric,
    compare,
    must,
    stretch,
    pairs,
    date,
    busy,
    failures,
    verdicts,
    cells,
  };
}
