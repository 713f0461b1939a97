// The command line of run.mjs.
import { parseArgs } from 'node:util';

export const USAGE = `npm run bench -- [options]
  --only REGEX         rows whose id matches
  --contenders LIST    names separated by commas, of those that --list shows
  --pairs N            interleaved rounds of each row (default 15)
  --work SHARE         each cell measures so much of its row's work (default 1)
  --node BIN           the Node that runs ours and node:net (default: this one)
  --base DIR           another built checkout of barewire, as contender 'base'
  --quick              a quarter of the work and 5 rounds; results go to bench/.cache
  --smoke              ours and node:net, tiny, one round, no results: does everything run?
  --cores A,B          the measured process on core A, the load on core B (default 0,1)
  --out FILE           where to write the JSON (default bench/results/node-MAJOR.json)
  --list               the rows, and whether each contender is there`;

export function options() {
  const { values } = parseArgs({
    options: {
      only: { type: 'string', default: '.' },
      contenders: { type: 'string' },
      pairs: { type: 'string' },
      work: { type: 'string' },
      node: { type: 'string', default: process.execPath },
      base: { type: 'string' },
      quick: { type: 'boolean', default: false },
      smoke: { type: 'boolean', default: false },
      cores: { type: 'string', default: '0,1' },
      out: { type: 'string' },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const { quick, smoke } = values;
  return {
    ...values,
    only: new RegExp(values.only),
    contenders: values.contenders?.split(',') ?? (smoke ? ['ours', 'node'] : null),
    pairs: Number(values.pairs ?? (smoke ? 1 : quick ? 5 : 15)),
    base: values.base ?? null,
    scale: Number(values.work ?? (smoke ? 0.02 : quick ? 0.25 : 1)),
    cores: values.cores.split(',').map(Number),
  };
}
