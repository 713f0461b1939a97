// Medians and their intervals, without assumptions about the shape of the distribution.

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** The share of fair coin tosses, `count` of them, that show at most `most` heads. */
function binomialTail(count, most) {
  let term = 0.5 ** count;
  let sum = term;
  for (let i = 1; i <= most; i++) {
    term *= (count - i + 1) / i;
    sum += term;
  }
  return sum;
}

/**
 * Order-statistic interval of the median with a coverage of at least 95 %: the values of rank
 * `k` from both ends. Fewer than six values give their whole range.
 */
export function interval(values) {
  const sorted = [...values].sort((a, b) => a - b);
  let rank = 0;
  while (binomialTail(sorted.length, rank) <= 0.025) rank++;
  const from = Math.max(rank - 1, 0);
  return [sorted[from], sorted[sorted.length - 1 - from]];
}

export function summary(values) {
  const [low, high] = interval(values);
  return { median: median(values), low, high };
}

/** Median and interval of a/b over the rounds in which both were measured. */
export function ratio(a, b, combine = (x, y) => x / y) {
  const pairs = a.map((value, i) => [value, b[i]]).filter(([x, y]) => x != null && y != null);
  if (pairs.length === 0) return null;
  return { ...summary(pairs.map(([x, y]) => combine(x, y))), pairs: pairs.length };
}
