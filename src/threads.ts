/** `barewire/threads`: sockets and servers between the worker threads of a process. */
export { isNative } from './fallback/choose.js';
export {
  type HandleListener,
  type HandlePort,
  onHandle,
  postHandle,
} from './threads/post_handle.js';
