/**
 * A handler runs the event loop itself until another socket has answered. Native modules that make
 * a call wait for its answer do so; deasync is one. All other sockets go on meanwhile. As with the
 * built-in, no ticks and promise jobs run within that, except those that the program runs.
 */
import { after, before } from 'node:test';
import { loopAddon } from '../kit/loop-addon.js';
import { ALL, folder, type Make, OURS, prints } from '../kit/processes.js';

const env = { LOOP: '' };
/** Without `process._tickCallback` as it is: each event has a call from native code of its own. */
const withoutTicks = { LOOP: '', NODE_PENDING_DEPRECATION: '1', NODE_NO_WARNINGS: '1' };
const undo: (() => void)[] = [];

before(async () => {
  env.LOOP = await loopAddon(folder({ after: (run: () => void) => undo.push(run) }));
  withoutTicks.LOOP = env.LOOP;
});

after(() => {
  for (const run of undo) run();
});

const PROGRAM = `
const { run } = require(process.env.LOOP);
/** Runs the loop until \`check\` holds. Returns how many turns that took. */
const waitFor = (check) => {
  let late = false;
  let turns = 0;
  const timer = setTimeout(() => { late = true; }, 3000);
  for (; !check(); turns++) {
    if (late) { fs.writeSync(1, 'waited in vain for ' + check + '\\n'); process.exit(1); }
    run();
  }
  clearTimeout(timer);
  return turns;
};
/** Nothing is read or accepted for a while: what comes is there at once afterwards. */
const sleep = (ms) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
const main = async (run) => {
  const peers = [];
  const server = net.createServer((socket) => {
    peers.push(socket);
    socket.on('data', (data) => socket.write('re ' + data));
    socket.on('error', () => {});
  });
  const port = await listen(server);
  const clients = async (n) => {
    const made = [];
    for (let i = 0; i < n; i++) {
      made.push(client(port));
      await once(made[i], 'connect');
      await until(() => peers.length === i + 1);
    }
    return made;
  };
  const done = () => {
    for (const socket of peers) socket.destroy();
    server.close();
  };
  await run({ server, port, peers, clients, done });
};
`;

/** Runs the text on each make, and on ours both with `process._tickCallback` and without. */
function row(title: string, text: string, lines: readonly string[], on: readonly Make[] = ALL) {
  prints(title, PROGRAM + text, lines, { on, env });
  prints(`${title}, a call for each event`, PROGRAM + text, lines, { on: OURS, env: withoutTicks });
}

row(
  'a data handler asks on another socket, and waits for the answer',
  `main(async ({ clients, done }) => {
    const [a, b] = await clients(2);
    a.on('data', () => {
      b.write('one');
      waitFor(() => b.text === 're one');
      b.write('two');
      b.write('three');
      waitFor(() => b.text.includes('three'));
      say(a.text, b.text.replaceAll('re ', ''));
      done();
    });
    a.write('x');
  });`,
  ['re x onetwothree'],
);

row(
  'the answer is in the same batch of events',
  `main(async ({ peers, clients, done }) => {
    const [a, b, c] = await clients(3);
    const log = [];
    const waits = (name, others) => () => {
      log.push(name);
      waitFor(() => others.every(({ text }) => text !== ''));
      log.push(name + ' ends');
    };
    a.on('data', waits('a', [b, c]));
    b.on('data', waits('b', [c]));
    c.on('data', waits('c', []));
    for (const peer of peers) peer.write('x');
    setImmediate(() => sleep(20));
    setTimeout(() => {
      say(log.length, log.at(-1), [a.text, b.text, c.text].join());
      done();
    }, 100);
  });`,
  ['6 a ends x,x,x'],
);

row(
  'hundreds of sockets are ready, and some of their handlers wait for all',
  `main(async ({ peers, clients, done }) => {
    const all = await clients(300);
    let got = 0;
    let waited = 0;
    for (const [at, socket] of all.entries()) {
      socket.on('data', () => {
        got++;
        if (at % 30 !== 0) return;
        waitFor(() => got >= 300);
        waited++;
      });
    }
    for (const peer of peers) peer.write('x');
    sleep(20);
    await until(() => waited === 10);
    say(got, new Set(all.map(({ text }) => text)).size);
    done();
  });`,
  ['300 1'],
);

row(
  'a connection handler waits, with more connections in the backlog',
  `main(async ({ server, port, clients, done }) => {
    const [b] = await clients(1);
    let answers = 0;
    b.on('data', (data) => { answers += String(data).split('q').length - 1; });
    let asked = 0;
    let greeted = 0;
    server.on('connection', (socket) => {
      const mine = ++asked;
      b.write('q');
      waitFor(() => answers >= mine);
      greeted++;
      socket.end('hello');
    });
    const others = Array.from({ length: 8 }, () => client(port));
    await Promise.all(others.map((socket) => once(socket, 'close')));
    say(asked, greeted, answers, new Set(others.map(({ text }) => text)).size);
    done();
  });`,
  ['8 8 8 1'],
);

const LATER = {
  'a tick': 'process.nextTick(ask)',
  'a promise job': 'Promise.resolve().then(ask)',
  'a timer': 'setTimeout(ask, 1)',
  'an immediate': 'setImmediate(ask)',
};

for (const [name, start] of Object.entries(LATER)) {
  row(
    `${name} of a handler waits, with more events behind`,
    `main(async ({ peers, clients, done }) => {
      const all = await clients(4);
      const [a, b, c, d] = all;
      const ask = () => {
        b.write('q');
        waitFor(() => b.text.includes('re q') && c.text !== '');
        say(a.text, b.text.includes('re q'), c.text);
      };
      a.once('data', () => ${start});
      d.on('data', () => setTimeout(done, 100));
      for (const peer of peers) peer.write('x');
    });`,
    ['x true x'],
  );
}

row(
  'a handler waits for more on its own socket',
  `main(async ({ peers, clients, done }) => {
    const [a] = await clients(1);
    const size = 8 * 1024 * 1024;
    let got = 0;
    a.removeAllListeners('data');
    a.on('data', (data) => {
      const whole = got === 0;
      got += data.length;
      if (!whole) return;
      waitFor(() => got >= size);
      say(got === size);
      done();
    });
    peers[0].write(Buffer.alloc(size, 'x'));
  });`,
  ['true'],
);

row(
  'a handler waits for the rest of what its own socket had already, which no event tells of',
  `main(async ({ done }) => {
    const size = 140 * 1024;
    const path = process.env.FOLDER + '/s';
    const server = net.createServer((socket) => {
      socket.on('data', () => socket.write(Buffer.alloc(size, 'x')));
      socket.on('error', () => {});
    });
    await listen(server, path);
    const a = net.connect(path);
    let got = 0;
    await once(a, 'connect');
    a.write('x');
    a.on('data', (data) => {
      got += data.length;
      if (got !== data.length) return;
      waitFor(() => got >= size);
      say(got === size);
      a.destroy();
      server.close();
      done();
    });
  });`,
  ['true'],
);

row(
  'a handler writes on many sockets before it waits, and again behind that',
  `main(async ({ clients, done }) => {
    const [a, ...others] = await clients(6);
    const have = (text) => others.every((socket) => socket.text.replaceAll('re ', '') === text);
    a.on('data', () => {
      for (const socket of others) socket.write('1');
      waitFor(() => have('1'));
      for (const socket of others) socket.write('2');
      setTimeout(() => {
        for (const socket of others) socket.write('3');
      }, 5);
      waitFor(() => have('123'));
      for (const socket of others) socket.write('4');
      setTimeout(() => {
        say(have('1234'));
        done();
      }, 50);
    });
    a.write('x');
  });`,
  ['true'],
);

row(
  'the callback of a write waits for what others wrote in the same handler',
  `main(async ({ clients, done }) => {
    const [a, b, c, d] = await clients(4);
    a.on('data', () => {
      b.write('1', () => {
        waitFor(() => c.text === 're 2' && d.text === 're 3');
        say(a.text, c.text, d.text);
        done();
      });
      c.write('2');
      d.write('3');
    });
    a.write('x');
  });`,
  ['re x re 2 re 3'],
);

row(
  'ticks that the program runs meanwhile: it connects, and closes',
  `main(async ({ port, clients, done }) => {
    const [a] = await clients(1);
    const tick = process._tickCallback;
    a.on('data', () => {
      const b = client(port, '127.0.0.1');
      b.end('q');
      waitFor(() => { Reflect.apply(tick, process, []); return b.ended; });
      say(b.text);
      done();
    });
    a.write('x');
  });`,
  ['re q'],
);

row(
  'it does not spin while it waits',
  `main(async ({ clients, done }) => {
    const [a, b] = await clients(2);
    const slow = net.createServer((socket) => {
      socket.on('data', () => setTimeout(() => socket.write('late'), 200));
    });
    const c = client(await listen(slow));
    await once(c, 'connect');
    a.on('data', () => {
      b.write('q');
      c.write('q');
      const before = process.cpuUsage();
      const turns = waitFor(() => c.text === 'late');
      const { user, system } = process.cpuUsage(before);
      say(turns < 30 ? 'few turns' : turns, (user + system) / 1000 < 100 ? 'idle' : 'busy', b.text);
      c.destroy();
      slow.close();
      done();
    });
    a.write('x');
  });`,
  ['few turns idle re q'],
);

row(
  'an HTTP handler waits while another HTTP socket is read',
  `const http = require('node:http');
  main(async ({ done }) => {
    const bodies = [];
    let other;
    const handler = http.createServer((request, response) => {
      let body = '';
      request.setEncoding('latin1').on('data', (text) => { body += text; });
      request.on('end', () => {
        bodies.push(request.url + ' ' + body.length + ' ' + [...new Set(body)].join(''));
        if (request.url === '/first') response.end('done');
      });
      if (request.url !== '/first') response.end('early');
      else {
        const headers = 'GET /other HTTP/1.1\\r\\nHost: x\\r\\nX-Long: ' + 'b'.repeat(9000);
        other.write(headers + '\\r\\n\\r\\n');
        waitFor(() => other.text.includes('early'));
      }
    });
    const server = net.createServer((socket) => handler.emit('connection', socket));
    const port = await listen(server);
    other = client(port);
    await once(other, 'connect');
    const first = client(port);
    const one = 'POST /first HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: 20000\\r\\n\\r\\n';
    const two = 'POST /second HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: 10\\r\\n\\r\\n';
    first.write(one + 'a'.repeat(20000) + two + 'c'.repeat(10));
    await until(() => bodies.length === 3);
    say(bodies.sort().join());
    first.destroy();
    other.destroy();
    server.close();
    done();
  });`,
  ['/first 20000 a,/other 0 ,/second 10 c'],
);
