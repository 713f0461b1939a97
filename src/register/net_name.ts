/** Whether the specifier names the module that this package replaces. */
export function isNet(specifier: unknown): boolean {
  return specifier === 'net' || specifier === 'node:net';
}
