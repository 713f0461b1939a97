// A round in which contenders take turns: all are warmed up, and each then does a part of its work,
// again and again, so that what else happens on the machine happens to all of them.
import { doWork, warmedUp } from './run_cell.mjs';
import { median } from './stats.mjs';

const PARTS = 10;

/** Every connection has something to do in each part. */
function partOf(job) {
  const least = (job.conns ?? 1) * (job.depth ?? 1);
  return { ...job, units: Math.max(Math.ceil(job.units / PARTS), least) };
}

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

const OVER_ALL = {
  cpuUs: mean,
  perSecond: (rates) => 1 / mean(rates.map((rate) => 1 / rate)),
  loadCpuUs: mean,
  residentMib: (sizes) => sizes.at(-1),
  p50Ms: median,
  p99Ms: median,
  p999Ms: median,
  stallMs: (waits) => Math.max(...waits),
};

/** All parts together: the mean of what was spent, the median of each percentile. */
function whole(parts) {
  const figures = Object.keys(parts[0]).map((name) => {
    return [name, OVER_ALL[name](parts.map((part) => part[name]))];
  });
  return Object.fromEntries(figures);
}

/**
 * One round of `cells` (`{name, contender, job}` each), in fresh processes. Returns the figures of
 * those that came through, by name; the others go to `onFailure(name, error)`.
 */
export async function runTurns(context, row, cells, onFailure) {
  const started = [];
  const running = [];
  const attempt = async (name, run) => {
    try {
      return await run();
    } catch (error) {
      onFailure(name, error);
      return null;
    }
  };
  try {
    for (const { name, contender, job } of cells) {
      const found = await attempt(name, () =>
        warmedUp(context, contender, row, partOf(job), started),
      );
      if (found !== null) running.push({ ...found, name, parts: [] });
    }
    for (let part = 0; part < PARTS; part++) {
      for (const one of running) {
        if (one.parts === null) continue;
        const figures = await attempt(one.name, () => doWork(one));
        if (figures === null) one.parts = null;
        else one.parts.push(figures);
      }
    }
    const through = running.filter(({ parts }) => parts !== null);
    return Object.fromEntries(through.map(({ name, parts }) => [name, whole(parts)]));
  } finally {
    await Promise.all(started.map((child) => child.kill()));
  }
}
