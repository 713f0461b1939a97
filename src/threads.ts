/** `barewire/threads`: sockets and servers between the worker threads of a process. */
export { type HandleListener, type HandlePort, onHandle, postHandle } from './threads/handover.js';
