/**
 * The module that `import … from 'net'` gives. As with the built-in, a named export keeps the
 * value that it had at the first import, until `module.syncBuiltinESMExports()` is called.
 */
import { installed } from './state.js';

const state = installed();
if (state === null) throw new Error('barewire/register is not loaded in this thread');
const net: Readonly<Record<string, unknown>> = Object(state.net);

export let connect: unknown = net['connect'];
export let createConnection: unknown = net['createConnection'];
export let createServer: unknown = net['createServer'];
export let Server: unknown = net['Server'];
export let Socket: unknown = net['Socket'];
export let Stream: unknown = net['Stream'];
export let BlockList: unknown = net['BlockList'];
export let SocketAddress: unknown = net['SocketAddress'];
export let BoundSocket: unknown = net['BoundSocket'];
export let isIP: unknown = net['isIP'];
export let isIPv4: unknown = net['isIPv4'];
export let isIPv6: unknown = net['isIPv6'];
export let getDefaultAutoSelectFamily: unknown = net['getDefaultAutoSelectFamily'];
export let setDefaultAutoSelectFamily: unknown = net['setDefaultAutoSelectFamily'];
export let getDefaultAutoSelectFamilyAttemptTimeout: unknown =
  net['getDefaultAutoSelectFamilyAttemptTimeout'];
export let setDefaultAutoSelectFamilyAttemptTimeout: unknown =
  net['setDefaultAutoSelectFamilyAttemptTimeout'];
export let _createServerHandle: unknown = net['_createServerHandle'];
export let _normalizeArgs: unknown = net['_normalizeArgs'];

state.onSync.add(() => {
  connect = net['connect'];
  createConnection = net['createConnection'];
  createServer = net['createServer'];
  Server = net['Server'];
  Socket = net['Socket'];
  Stream = net['Stream'];
  BlockList = net['BlockList'];
  SocketAddress = net['SocketAddress'];
  BoundSocket = net['BoundSocket'];
  isIP = net['isIP'];
  isIPv4 = net['isIPv4'];
  isIPv6 = net['isIPv6'];
  getDefaultAutoSelectFamily = net['getDefaultAutoSelectFamily'];
  setDefaultAutoSelectFamily = net['setDefaultAutoSelectFamily'];
  getDefaultAutoSelectFamilyAttemptTimeout = net['getDefaultAutoSelectFamilyAttemptTimeout'];
  setDefaultAutoSelectFamilyAttemptTimeout = net['setDefaultAutoSelectFamilyAttemptTimeout'];
  _createServerHandle = net['_createServerHandle'];
  _normalizeArgs = net['_normalizeArgs'];
});

export default net;
