// Files that may import each other, with the reason. A circle of some of them is accepted.

export const CIRCLES_ALLOWED = [
  {
    files: ['src/sys/sim/files/tcp.ts', 'src/sys/sim/files/tcp_names.ts'],
    reason: "a TCP socket's states are set by its handshake, which is about two sockets: one thing",
  },
];
