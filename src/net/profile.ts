/** Where the manual and current `node:net` differ. Everything else is one implementation. */
export interface Profile {
  readonly name: 'manual' | 'node';
  /** C031: `listen(port)` without a host binds any IPv4 address, or any address at all. */
  readonly listenAny: 'ipv4' | 'dual-stack';
  /** C052: a server's `'error'` is directly followed by `'close'`. */
  readonly closeAfterError: boolean;
}

export const manualProfile: Profile = {
  name: 'manual',
  listenAny: 'ipv4',
  closeAfterError: true,
};

export const nodeProfile: Profile = {
  name: 'node',
  listenAny: 'dual-stack',
  closeAfterError: false,
};
