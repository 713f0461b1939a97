/** Whether a module is asked for that this package replaces. */
export function isNet(specifier: unknown): boolean {
  return specifier === 'net' || specifier === 'node:net';
}
