/** The checks and errors of `net` that the front doors need. */
export { stateError } from '../util/errors.js';
export { abortError, validateAbortSignal, validateObject } from '../util/validate.js';
