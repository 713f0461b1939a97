// `npm run bench`: runs the rows, contenders interleaved, and writes what came of it as JSON.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { makeCertificate } from './lib/certificate.mjs';
import { benchFolder, cacheFolder, contenders } from './lib/contenders.mjs';
import { evaluate } from './lib/evaluate.mjs';
import { busyness, descriptorLimit, machine } from './lib/machine.mjs';
import { options, USAGE } from './lib/options.mjs';
import { pinSelf } from './lib/process.mjs';
import { Progress } from './lib/progress.mjs';
import { table } from './lib/report_text.mjs';
import { loadRows, rows, scaleRows } from './lib/rows.mjs';
import { runCell, takesTurns } from './lib/run_cell.mjs';
import { runTurns } from './lib/run_turns.mjs';

const chosen = options();
const SMALLEST = 200;

/** Who takes part in a row: `{name, contender, load}` each. */
function cellsOf(row, available) {
  const cells =
    row.variants ?? Object.keys(available).map((name) => ({ name, contender: name, load: {} }));
  return cells.filter(({ contender, load }) => {
    const entry = available[contender];
    if (!entry?.start || !entry.scenarios.includes(row.server)) return false;
    return load.lang !== 'c' || available.c?.start;
  });
}

/** A smaller load for --quick and --smoke. */
function scaled(load) {
  if (chosen.scale === 1 || load.mode === undefined) return load;
  const depth = load.depth ?? 1;
  const least = Math.max(load.conns ?? 1, SMALLEST) * depth;
  const smaller = (units) => Math.max(Math.ceil(units * chosen.scale), Math.min(units, least));
  // What is measured may be less, but never what V8 compiles before it.
  const warmup = chosen.smoke || chosen.quick ? smaller(load.warmup) : load.warmup;
  const result = { ...load, units: smaller(load.units), warmup };
  if (chosen.smoke && load.idle) result.idle = Math.ceil(load.idle / 10);
  return result;
}

/** Each cell by itself, one after the other. */
async function runApart(context, row, cells, onFailure, step) {
  const results = {};
  for (const { name, contender, job } of cells) {
    step(name);
    try {
      results[name] = await runCell(context, contender, row, job);
    } catch (error) {
      onFailure(name, error);
    }
  }
  return results;
}

async function measureRow(context, row, available, progress) {
  const cells = cellsOf(row, available).map(({ name, contender, load }) => {
    return { name, contender: available[contender], job: scaled({ ...row.load, ...load }) };
  });
  const measured = Object.fromEntries(cells.map(({ name }) => [name, []]));
  const failures = {};
  const onFailure = (name, error) => {
    failures[name] = String(error.message).split('\n').slice(0, 6).join('\n');
    progress.say(`FAILED ${row.id} ${name}: ${error.message}`);
  };
  const busy = [busyness()];
  for (let round = 0; round < chosen.pairs; round++) {
    const step = (name) => progress.step(row.id, `${round + 1}/${chosen.pairs} ${name}`);
    // Nobody is always first.
    const turned = cells.map((_, i) => cells[(i + round) % cells.length]);
    let results;
    if (takesTurns(row)) {
      results = await runTurns(context, row, turned, onFailure);
      for (const { name } of cells) step(name);
    } else {
      results = await runApart(context, row, turned, onFailure, step);
    }
    for (const { name } of cells) measured[name][round] = results[name] ?? null;
  }
  busy.push(busyness());
  return { row, measured, failures, busy };
}

function selectedRows(progressSay) {
  const limit = descriptorLimit();
  return [...rows, ...scaleRows, ...loadRows].filter((row) => {
    if (!chosen.only.test(row.id)) return false;
    if (row.tls && !makeCertificate()) {
      progressSay(`SKIPPED ${row.id}: there is no openssl to make a certificate`);
      return false;
    }
    const most = Math.max(...(row.variants ?? []).map(({ load }) => load.idle ?? 0));
    if (most + 1_000 <= limit && (row.descriptors ?? 0) <= limit) return true;
    progressSay(`SKIPPED ${row.id}: a process may hold ${limit} descriptors here`);
    return false;
  });
}

function resultsFile(version) {
  if (chosen.out) return chosen.out;
  const major = version.replace(/^v/, '').split('.')[0];
  return chosen.quick
    ? join(cacheFolder, `node-${major}.json`)
    : join(benchFolder, 'results', `node-${major}.json`);
}

/** A row measured now keeps the contenders of before that did not take part, with their date. */
function withEarlier(row, before) {
  if (before === undefined) return row;
  const cells = { ...row.cells };
  for (const [name, cell] of Object.entries(before.cells)) {
    cells[name] ??= { ...cell, date: cell.date ?? before.date };
  }
  return { ...row, cells };
}

/** Rows measured now replace those of the same id; the others stay. */
function save(file, version, available, results) {
  const saved = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : { rows: [] };
  const before = saved.rows;
  const fresh = results.map((result) => evaluate(result, chosen.pairs));
  const all = [...rows, ...scaleRows, ...loadRows].map(({ id }) => id);
  const merged = all
    .map((id) => {
      const old = before.find((row) => row.id === id);
      const now = fresh.find((row) => row.id === id);
      return now === undefined ? old : withEarlier(now, old);
    })
    .filter((row) => row !== undefined);
  const versions = {
    ...saved.versions,
    ...Object.fromEntries(
      Object.entries(available).map(([name, entry]) => [name, entry.version?.() ?? version]),
    ),
  };
  const content = {
    node: version,
    machine: machine(),
    versions,
    // Where a program lies is nobody else's business.
    command: process.argv
      .slice(2)
      .map((word) => word.replace(/^.*\//, ''))
      .join(' '),
    rows: merged,
  };
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(content, null, 1)}\n`);
  return fresh;
}

function list(available) {
  for (const row of [...rows, ...scaleRows, ...loadRows])
    console.log(`${row.id.padEnd(20)} ${row.title}`);
  for (const [name, entry] of Object.entries(available)) {
    console.log(`${name.padEnd(10)} ${entry.start ? 'there' : 'MISSING'}  ${entry.title}`);
  }
}

async function main() {
  if (chosen.help) return console.log(USAGE);
  const found = contenders({ node: chosen.node, base: chosen.base, others: !chosen.smoke });
  const available = Object.fromEntries(
    Object.entries(found).filter(([name]) => chosen.contenders?.includes(name) ?? true),
  );
  if (chosen.list) return list(available);
  const [serverCore, loadCore] = availableParallelism() > 1 ? chosen.cores : [null, null];
  pinSelf(loadCore);
  const selected = selectedRows((text) => console.error(text)).filter(
    (row) => cellsOf(row, available).length > 0,
  );
  const total = selected.reduce((sum, row) => sum + cellsOf(row, available).length, 0);
  const progress = new Progress(total * chosen.pairs);
  const version = spawnSync(chosen.node, ['--version'], { encoding: 'utf8' }).stdout.trim();
  const file = resultsFile(version);
  const results = [];
  let failed = false;
  for (const row of selected) {
    const result = await measureRow({ serverCore, loadCore }, row, available, progress);
    results.push(result);
    failed ||= Object.keys(result.failures).length > 0;
    if (!chosen.smoke) save(file, version, available, results);
  }
  progress.end();
  const evaluated = results.map((result) => evaluate(result, chosen.pairs));
  console.log(table(evaluated, { verdicts: !chosen.smoke }));
  if (failed) process.exitCode = 1;
}

await main();
