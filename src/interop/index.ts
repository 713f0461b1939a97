/**
 * `barewire/interop`: Node's `http`, `https`, `http2` and `tls` on this package's connections, and
 * moving connections between this package's sockets and the built-in's.
 */
export { isNative } from '../fallback/choose.js';
export { HttpAgent, HttpsAgent, http2Connect, tlsConnect } from './clients.js';
export { fromNodeSocket, toNodeSocket } from './move.js';
export {
  createHttp2SecureServer,
  createHttp2Server,
  createHttpServer,
  createHttpsServer,
  createTlsServer,
  type Http2Listener,
} from './servers.js';
export { toWebStreams, type WebStreams } from './web.js';
