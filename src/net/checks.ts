/** The checks, errors and helpers of `net` that the front doors need. */
export { stateError } from '../util/errors.js';
export { replace } from '../util/replace.js';
export { abortError, validateAbortSignal, validateObject } from '../util/validate.js';
