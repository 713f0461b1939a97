// The links of a Markdown text. What stands in code is no link.
import { posix } from 'node:path';

/** Code, an image or a link; of the latter the text and the target. */
const PIECE = /```[\s\S]*?```|`[^`\n]*`|!?\[([^\]]*)\]\(([^)\s]+)\)/g;
const ABSOLUTE = /^(?:[a-z]+:|#)/i;

/** @param {string} file @param {string} target @returns {string} relative to the root of both */
function resolved(file, target) {
  return posix.join(posix.dirname(file), target.replace(/#.*$/, ''));
}

/** @param {string} file @param {string} text @returns {string[]} the files that it links to */
export function linkedFiles(file, text) {
  return [...text.matchAll(PIECE)]
    .map(([, , target]) => target)
    .filter((target) => target !== undefined && !ABSOLUTE.test(target))
    .map((target) => resolved(file, target));
}

/**
 * The text with the words alone, or nothing of an image, where a link leads to no file.
 * @param {string} file
 * @param {string} text
 * @param {(file: string) => boolean} isThere
 */
export function withoutDeadLinks(file, text, isThere) {
  const changed = text.replace(PIECE, (piece, words, target) => {
    if (target === undefined || ABSOLUTE.test(target)) return piece;
    if (isThere(resolved(file, target))) return piece;
    return piece.startsWith('!') ? '' : words;
  });
  return changed.replace(/\n{3,}/g, '\n\n');
}
