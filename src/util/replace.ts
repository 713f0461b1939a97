/**
 * Replaces an accessor by a plain property with `value`, as assigning to a module's property does.
 */
export function replace(holder: object, name: string, value: unknown): void {
  const how = { writable: true, enumerable: true, configurable: true };
  Object.defineProperty(holder, name, { value, ...how });
}
