/** Socket options as users set them, and their way to the kernel. */
import type { Stream } from '../../transport/stream.js';

/** What was asked for; undefined is "leave it as the system has it". */
export class SocketSettings {
  declare keepAliveIntervalSeconds?: number | undefined;
  declare keepAliveCount?: number | undefined;
  typeOfService: number | undefined = undefined;

  constructor(
    public noDelay: boolean,
    public keepAlive: boolean,
    /** Seconds, as TCP_KEEPIDLE takes them; 0 leaves the system's value. */
    public keepAliveDelaySeconds: number,
  ) {}
}
// What is not set is undefined, whatever lies on Object.prototype.
Object.setPrototypeOf(SocketSettings.prototype, null);

/** What a handle is told of keep-alive. */
export type KeepAliveSettings = Pick<SocketSettings, 'keepAlive'> & {
  readonly keepAliveDelaySeconds: number | undefined;
  readonly keepAliveIntervalSeconds: number | undefined;
  readonly keepAliveCount: number | undefined;
};

function isTcp(stream: Stream): boolean {
  const { AF_INET, AF_INET6 } = stream.host.kernel.constants;
  return stream.family === AF_INET || stream.family === AF_INET6;
}

/** TCP_NODELAY. Returns 0 or -errno; UNIX sockets and pipes have no such thing. */
export function applyNoDelay(stream: Stream, on: boolean): number {
  if (!isTcp(stream)) return 0;
  const { IPPROTO_TCP, TCP_NODELAY } = stream.host.kernel.constants;
  return stream.setOption(IPPROTO_TCP, TCP_NODELAY, on ? 1 : 0);
}

/** SO_KEEPALIVE with its times. Returns 0 or the first -errno. */
export function applyKeepAlive(stream: Stream, settings: KeepAliveSettings): number {
  if (!isTcp(stream)) return 0;
  const { SOL_SOCKET, SO_KEEPALIVE, IPPROTO_TCP, TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT } =
    stream.host.kernel.constants;
  const on = settings.keepAlive === true;
  let status = stream.setOption(SOL_SOCKET, SO_KEEPALIVE, on ? 1 : 0);
  if (!on) return status;
  const times: readonly (readonly [number, number | undefined])[] = [
    [TCP_KEEPIDLE, settings.keepAliveDelaySeconds],
    [TCP_KEEPINTVL, settings.keepAliveIntervalSeconds],
    [TCP_KEEPCNT, settings.keepAliveCount],
  ];
  for (const [name, value] of times) {
    if (value !== undefined && value > 0 && status === 0) {
      status = stream.setOption(IPPROTO_TCP, name, value);
    }
  }
  return status;
}

/** With what a descriptor from elsewhere is set to already, so that unsetting it has an effect. */
export function settingsOnDescriptor(
  stream: Stream,
  wanted: SocketSettings | null,
): SocketSettings | null {
  if (!isTcp(stream)) return wanted;
  const { SOL_SOCKET, SO_KEEPALIVE, IPPROTO_TCP, TCP_NODELAY } = stream.host.kernel.constants;
  const noDelay = stream.intOption(IPPROTO_TCP, TCP_NODELAY) === 1;
  const keepAlive = stream.intOption(SOL_SOCKET, SO_KEEPALIVE) === 1;
  if (!noDelay && !keepAlive) return wanted;
  const settings = wanted ?? new SocketSettings(false, false, 0);
  settings.noDelay ||= noDelay;
  settings.keepAlive ||= keepAlive;
  return settings;
}

/** Whether the kernel has to be told of what is wanted. */
export function keepAliveDiffers(now: SocketSettings, wanted: KeepAliveSettings): boolean {
  if (now.keepAlive !== wanted.keepAlive) return true;
  if (!wanted.keepAlive) return false;
  return (
    now.keepAliveDelaySeconds !== wanted.keepAliveDelaySeconds ||
    now.keepAliveIntervalSeconds !== wanted.keepAliveIntervalSeconds ||
    now.keepAliveCount !== wanted.keepAliveCount
  );
}

/** IP_TOS or IPV6_TCLASS. Returns 0 or -errno. */
export function applyTypeOfService(stream: Stream, tos: number): number {
  if (!isTcp(stream)) return 0;
  const { AF_INET6, IPPROTO_IP, IPPROTO_IPV6, IP_TOS, IPV6_TCLASS } = stream.host.kernel.constants;
  return stream.family === AF_INET6
    ? stream.setOption(IPPROTO_IPV6, IPV6_TCLASS, tos)
    : stream.setOption(IPPROTO_IP, IP_TOS, tos);
}

/** The type of service as the kernel has it; NaN where it has none. */
export function readTypeOfService(stream: Stream): number {
  const { AF_INET6, IPPROTO_IP, IPPROTO_IPV6, IP_TOS, IPV6_TCLASS } = stream.host.kernel.constants;
  return stream.family === AF_INET6
    ? stream.intOption(IPPROTO_IPV6, IPV6_TCLASS)
    : stream.intOption(IPPROTO_IP, IP_TOS);
}
