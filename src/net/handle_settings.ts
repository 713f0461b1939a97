/** What was set before the connection stood, told to its handle. */
import type { LooseHandle } from './handle.js';
import type { SocketSettings } from './settings.js';

/** By way of the handle, since packages put their own functions there to see this happen. */
export function applySettings(handle: LooseHandle, settings: SocketSettings): void {
  const { noDelay, keepAlive, typeOfService } = settings;
  if (noDelay) handle.setNoDelay?.(true);
  if (keepAlive) {
    const { keepAliveDelaySeconds, keepAliveIntervalSeconds, keepAliveCount } = settings;
    handle.setKeepAlive?.(true, keepAliveDelaySeconds, keepAliveIntervalSeconds, keepAliveCount);
  }
  if (typeOfService !== undefined) handle.setTypeOfService?.(typeOfService);
}
