/** Where the manual and current `node:net` differ. Everything else is one implementation. */
export interface Profile {
  /** The profile's own name. */
  readonly name: 'manual' | 'node';
  /** C031: `listen(port)` without a host binds any IPv4 address, or any address at all. */
  readonly listenAny: 'ipv4' | 'dual-stack';
  /** C052: a server's `'error'` is directly followed by `'close'`. */
  readonly closeAfterError: boolean;
  /** C074: keep-alive with a delay probes each second, ten times, or as the system has it. */
  readonly keepAliveProbes: 'ten-seconds' | 'system';
}

export const manualProfile: Profile = {
  name: 'manual',
  listenAny: 'ipv4',
  closeAfterError: true,
  keepAliveProbes: 'system',
};

export const nodeProfile: Profile = {
  name: 'node',
  listenAny: 'dual-stack',
  closeAfterError: false,
  keepAliveProbes: 'ten-seconds',
};
