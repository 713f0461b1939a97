// SVG plots of results, by Observable Plot on a DOM without a browser.
import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';

const WIDTH = 820;
const ROW_HEIGHT = 34;
const MARGIN = { left: 268, right: 24, top: 56, bottom: 44 };
const FONT = 'font-family: system-ui, sans-serif; font-size: 12px';

const TICKS = [0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50];

/** Fixed places in the legend and colours that people with any colour vision can tell apart. */
const SHOWN = [
  { name: 'ours', title: 'barewire', colour: '#d55e00', radius: 6 },
  { name: 'node', title: 'node:net', colour: '#333333', radius: 4 },
  { name: 'c', title: 'C, epoll', colour: '#0072b2', radius: 4 },
  { name: 'go', title: 'Go', colour: '#56b4e9', radius: 4 },
  { name: 'bun', title: 'Bun.listen', colour: '#cc79a7', radius: 4 },
  { name: 'bun-net', title: "Bun's node:net", colour: '#e5b8d3', radius: 4 },
  { name: 'deno', title: 'Deno.listen', colour: '#009e73', radius: 4 },
  { name: 'deno-net', title: "Deno's node:net", colour: '#8fd1bd', radius: 4 },
];

function svgOf(options) {
  const { document } = parseHTML('<!doctype html><html><body></body></html>');
  const svg = Plot.plot({ ...options, document });
  svg.setAttribute('style', FONT);
  svg.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  const background = document.createElementNS('http://www.w3.org/2000/svg', 'rect');
  for (const [key, value] of Object.entries({ width: '100%', height: '100%', fill: '#ffffff' })) {
    background.setAttribute(key, value);
  }
  svg.insertBefore(background, svg.querySelector('g'));
  return `${svg.outerHTML}\n`;
}

/** Ratios of a row's figure to one contender's, with that one itself at 1. */
function dots(rows, reference) {
  return rows.flatMap((row) =>
    SHOWN.flatMap(({ name, colour, radius }) => {
      if (row.cells[reference] === undefined) return [];
      const ratio = row.cells[name]?.ratios[reference]?.[row.metric];
      const is = name === reference ? { median: 1, low: 1, high: 1 } : ratio;
      return is ? [{ row: row.title, colour, radius, ...is }] : [];
    }),
  );
}

function legend(names) {
  const shown = SHOWN.filter(({ name }) => names.has(name));
  return shown.flatMap(({ title, colour, radius }, i) => {
    const place = { frameAnchor: 'top-left', dx: -250 + (i % 4) * 190, dy: i < 4 ? -44 : -26 };
    return [
      Plot.dot([0], { ...place, fill: colour, r: radius }),
      Plot.text([title], { ...place, dx: place.dx + 12, textAnchor: 'start' }),
    ];
  });
}

/** One line per scenario, a dot per contender: its figure over that of `reference`. */
export function ratioPlot(rows, reference, label) {
  const data = dots(rows, reference);
  const titles = [...new Set(data.map(({ row }) => row))];
  const low = Math.min(...data.map((dot) => dot.low)) * 0.95;
  const high = Math.max(...data.map((dot) => dot.high)) * 1.05;
  const names = new Set(rows.flatMap((row) => Object.keys(row.cells)));
  return svgOf({
    width: WIDTH,
    height: MARGIN.top + MARGIN.bottom + titles.length * ROW_HEIGHT,
    marginLeft: MARGIN.left,
    marginRight: MARGIN.right,
    marginTop: MARGIN.top,
    marginBottom: MARGIN.bottom,
    x: {
      type: 'log',
      label,
      grid: true,
      tickFormat: (value) => `${value}`,
      domain: [low, high],
      ticks: TICKS.filter((tick) => tick >= low && tick <= high),
    },
    y: { type: 'band', domain: titles, label: null, tickSize: 0 },
    marks: [
      Plot.ruleX([1], { stroke: '#999999' }),
      Plot.ruleY(data, { y: 'row', x1: 'low', x2: 'high', stroke: 'colour', strokeWidth: 1.5 }),
      Plot.dot(data, { y: 'row', x: 'median', fill: 'colour', r: 'radius' }),
      ...legend(names),
    ],
    r: { type: 'identity' },
    color: { type: 'identity' },
  });
}

const LINES = { barewire: '#d55e00', C: '#0072b2' };

/** CPU per message over the number of active connections. */
export function scalePlot(row) {
  const points = Object.entries(row.cells).map(([name, cell]) => {
    const [who, connections] = name.split(' ');
    const { median, low, high } = cell.cpuUs;
    return { who, connections: Number(connections), median, low, high, colour: LINES[who] };
  });
  const last = points.filter(({ connections }) => connections === 10_000);
  const place = { x: 'connections', y: 'median', stroke: 'colour' };
  return svgOf({
    width: 560,
    height: 300,
    marginRight: 80,
    marginTop: 30,
    x: { type: 'log', label: 'active connections', tickFormat: (value) => `${value}`, ticks: 4 },
    y: { label: 'µs of CPU per message', zero: true, grid: true },
    marks: [
      Plot.line(points, { ...place, z: 'who', strokeWidth: 2 }),
      Plot.ruleX(points, { x: 'connections', y1: 'low', y2: 'high', stroke: 'colour' }),
      Plot.dot(points, { x: 'connections', y: 'median', fill: 'colour', r: 4 }),
      Plot.text(last, { x: 'connections', y: 'median', text: 'who', dx: 10, textAnchor: 'start' }),
    ],
    color: { type: 'identity' },
  });
}
