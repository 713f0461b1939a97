/** Cuts a failing plan down to the parts without which it does not fail. */
import { type Plan, partsOf, planWithout } from './plan.js';
import { runPlan } from './run.js';

/** Bounds how long shrinking takes. */
const RUNS_MAX = 300;

/** Whether `plan` fails at all: any problem counts, since a smaller plan may word it otherwise. */
async function fails(plan: Plan): Promise<boolean> {
  return (await runPlan(plan)).problems.length > 0;
}

/**
 * The smallest failing plan that was found by leaving out parts, ever smaller ones at a time, until
 * `isLate` says that it is enough.
 */
export async function shrink(
  plan: Plan,
  stillFails: (plan: Plan) => Promise<boolean> = fails,
  isLate: () => boolean = () => false,
): Promise<Plan> {
  let kept = partsOf(plan);
  let runs = 0;
  let size = Math.ceil(kept.length / 2);
  const mayGoOn = (): boolean => runs < RUNS_MAX && !isLate();
  while (size >= 1 && mayGoOn()) {
    let removed = false;
    for (let at = 0; at < kept.length && mayGoOn(); ) {
      const rest = [...kept.slice(0, at), ...kept.slice(at + size)];
      runs++;
      if (await stillFails(planWithout(plan, new Set(rest)))) {
        kept = rest;
        removed = true;
      } else {
        at += size;
      }
    }
    if (!removed || size > 1) size = size === 1 ? 0 : Math.ceil(size / 2);
    if (size === 0) break;
  }
  return planWithout(plan, new Set(kept));
}
