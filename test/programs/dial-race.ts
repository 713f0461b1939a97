/**
 * Connects by several addresses inside a network namespace of its own, where 10.9.0.77 swallows
 * every packet. Prints one line of JSON: what happened, when, and which descriptors are left.
 */
import { connect, type Socket, setDefaultAutoSelectFamilyAttemptTimeout } from 'barewire';
import { linux } from '#internal/sys/linux';

const BLACK_HOLE = '10.9.0.77';
const { AF_INET, SOCK_STREAM, SOL_SOCKET, SO_REUSEADDR } = linux.constants;
const PORT = 7000;

/** A listener whose queue is full: a connection comes about only once somebody accepts. */
function fullListener(address: string): () => void {
  const fd = linux.socket(AF_INET, SOCK_STREAM, 0);
  linux.setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  linux.bind(fd, AF_INET, address, PORT);
  linux.listen(fd, 0);
  const fillers = [0, 1].map(() => {
    const filler = linux.socket(AF_INET, SOCK_STREAM, 0);
    linux.connect(filler, AF_INET, address, PORT);
    return filler;
  });
  return () => {
    for (let accepted = linux.accept(fd); accepted >= 0; accepted = linux.accept(fd)) {
      linux.close(accepted, -1);
    }
    for (const filler of fillers) linux.close(filler, -1);
  };
}

function openListener(address: string): void {
  const fd = linux.socket(AF_INET, SOCK_STREAM, 0);
  linux.setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  linux.bind(fd, AF_INET, address, PORT);
  linux.listen(fd, 10);
}

interface Options {
  readonly addresses: readonly string[];
  /** What else `connect` is given. */
  readonly given?: object;
}

function dial({ addresses, given }: Options): Socket {
  const started = performance.now();
  const before = linux.ledger().length;
  const events: unknown[] = [];
  const ms = (): number => Math.round(performance.now() - started);
  const socket = connect({
    host: 'several.test',
    port: PORT,
    lookup: (_name, _options, callback) => {
      const found = addresses.map((address) => ({ address, family: 4 }));
      setImmediate(() => callback(null, found));
    },
    ...given,
  });
  for (const name of ['connectionAttempt', 'connectionAttemptTimeout', 'connectionAttemptFailed']) {
    socket.on(name, (address: string) => events.push([name, address, ms()]));
  }
  const report = (outcome: object): void => {
    const left = linux.ledger().length - before;
    console.log(JSON.stringify({ ...outcome, ms: ms(), events, left }));
  };
  socket.on('connect', () => {
    report({ connected: socket.remoteAddress });
    socket.destroy();
  });
  socket.on('error', (error) => {
    const details: Error & { code?: string | undefined; errors?: { code: string }[] } = error;
    const codes = details.errors?.map(({ code }) => code);
    report({ name: error.constructor.name, code: details.code, codes });
  });
  return socket;
}

const SLOW_MS = 600;

const scenarios: Readonly<Record<string, () => void>> = {
  blackHoleFirst: () => {
    openListener('127.0.0.2');
    dial({ addresses: [BLACK_HOLE, '127.0.0.2'] });
  },
  defaultTime: () => {
    setDefaultAutoSelectFamilyAttemptTimeout(90);
    openListener('127.0.0.2');
    dial({ addresses: [BLACK_HOLE, '127.0.0.2'] });
  },
  slowRoute: () => {
    const free = fullListener('127.0.0.1');
    setTimeout(free, SLOW_MS);
    dial({ addresses: ['127.0.0.1', BLACK_HOLE] });
  },
  slowRouteAsked: () => {
    const free = fullListener('127.0.0.1');
    setTimeout(free, SLOW_MS);
    const given = { autoSelectFamily: true, autoSelectFamilyAttemptTimeout: null };
    dial({ addresses: ['127.0.0.1', '127.0.0.3'], given });
  },
  serial: () => {
    const free = fullListener('127.0.0.1');
    setTimeout(free, SLOW_MS);
    const given = { autoSelectFamilyAttemptTimeout: 50 };
    dial({ addresses: ['127.0.0.1', '127.0.0.3'], given });
  },
  serialByDefault: () => {
    setDefaultAutoSelectFamilyAttemptTimeout(50);
    const free = fullListener('127.0.0.1');
    setTimeout(free, SLOW_MS);
    dial({ addresses: ['127.0.0.1', '127.0.0.3'], given: { autoSelectFamily: true } });
  },
  allRefuse: () => {
    dial({ addresses: ['127.0.0.4', '127.0.0.5', '127.0.0.6'] });
  },
  destroyed: () => {
    const before = linux.ledger().length;
    const socket = dial({ addresses: [BLACK_HOLE, '10.9.0.78'] });
    socket.on('connectionAttemptTimeout', () => {
      socket.destroy();
      // The reactor's own descriptor is not in the ledger.
      console.log(JSON.stringify({ left: linux.ledger().length - before }));
    });
  },
};

scenarios[process.argv[2] ?? '']?.();
