/** The checks, errors and helpers of `net` that the front doors need. */
export { invalidArgValue, stateError } from '../util/errors.js';
export { flatOptions, option, ownOptions } from '../util/options.js';
export { replace } from '../util/replace.js';
export { abortError, validateAbortSignal, validateObject } from '../util/validate.js';
export { LISTEN_OPTIONS } from './options/server_options.js';
export { CONNECT_OPTIONS } from './options/socket_options.js';
