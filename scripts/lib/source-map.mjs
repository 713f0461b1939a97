// Source maps, put together. Node resolves the sources of a plain map, not those of an indexed one.

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const VALUES = new Map([...DIGITS].map((digit, value) => [digit, value]));
/** Five bits to a digit, and one that says that more follow. */
const BITS = 5;
const MORE = 1 << BITS;

/** @param {string} text @returns {number[]} */
function decode(text) {
  const numbers = [];
  let value = 0;
  let shift = 0;
  for (const character of text) {
    const digit = VALUES.get(character) ?? 0;
    value |= (digit & (MORE - 1)) << shift;
    shift += BITS;
    if (digit & MORE) continue;
    numbers.push(value & 1 ? -(value >> 1) : value >> 1);
    value = shift = 0;
  }
  return numbers;
}

/** @param {number} number @returns {string} */
function encode(number) {
  let rest = number < 0 ? (-number << 1) | 1 : number << 1;
  let text = '';
  do {
    const digit = rest & (MORE - 1);
    rest >>= BITS;
    text += DIGITS[rest > 0 ? digit | MORE : digit];
  } while (rest > 0);
  return text;
}

/** What a segment counts from the one before, on any line: source, its line and column, name. */
const FIELDS = 4;

/**
 * One map for a file that consists of others.
 * @param {{ line: number, map: { sources: string[], names: string[], mappings: string } }[]} parts
 *   from which line each is, first to last
 * @returns {{ version: 3, sources: string[], names: string[], mappings: string }}
 */
export function flatten(parts) {
  const sources = [];
  const names = [];
  const lines = [];
  const written = Array(FIELDS).fill(0);
  for (const { line, map } of parts) {
    while (lines.length < line) lines.push('');
    const base = [sources.length, 0, 0, names.length];
    const read = Array(FIELDS).fill(0);
    for (const segments of map.mappings.split(';')) {
      const shifted = segments
        .split(',')
        .filter(Boolean)
        .map((segment) => {
          const [column = 0, ...fields] = decode(segment);
          const moved = fields.map((delta, at) => {
            read[at] += delta;
            const absolute = base[at] + read[at];
            const step = absolute - written[at];
            written[at] = absolute;
            return step;
          });
          return [column, ...moved].map(encode).join('');
        });
      lines.push(shifted.join(','));
    }
    sources.push(...map.sources);
    names.push(...map.names);
  }
  return { version: 3, sources, names, mappings: lines.join(';') };
}
