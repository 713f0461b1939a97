/** What was set before the connection stood, told to its handle. */
import type { LooseHandle } from './handle.js';
import type { SocketSettings } from './settings.js';

/** What was not asked for is the handle's to choose, or with `idleTimeOnly` stays as it is. */
export function tellKeepAlive(
  handle: LooseHandle | null,
  settings: SocketSettings,
  idleTimeOnly: boolean,
): void {
  const absent = idleTimeOnly ? 0 : undefined;
  handle?.setKeepAlive?.(
    settings.keepAlive === true,
    settings.keepAliveDelaySeconds,
    settings.keepAliveIntervalSeconds ?? absent,
    settings.keepAliveCount ?? absent,
  );
}

/** By way of the handle, since packages put their own functions there to see this happen. */
export function applySettings(
  handle: LooseHandle,
  settings: SocketSettings,
  idleTimeOnly: boolean,
): void {
  const { noDelay, typeOfService } = settings;
  if (noDelay) handle.setNoDelay?.(true);
  if (settings.keepAlive) tellKeepAlive(handle, settings, idleTimeOnly);
  if (typeOfService !== undefined) handle.setTypeOfService?.(typeOfService);
}
