// Files that may import each other, with the reason. A circle of some of them is accepted.

const sim = (name) => `src/sys/sim/${name}.ts`;

export const CIRCLES_ALLOWED = [
  {
    files: [
      'machine',
      'names',
      'ports',
      'socket',
      'socket_options',
      'tcp',
      'tcp_names',
      'unix',
    ].map(sim),
    reason: 'the simulated machine and its sockets know each other; they are not taken apart yet',
  },
];
