/** The manual's echo server and client as programs, with telnet and nc as their peers. */
import assert from 'node:assert/strict';
import { row } from '../../kit/row.js';
import { alone, beside, example, program } from '../../kit/scripts.js';
import { peerCommand } from '../../kit/tools.js';

row('C013 the manual’s echo server answers telnet localhost 8124', async (s) => {
  const server = alone(s, example('echo-server.js', s.profile));
  await server.printed(/server bound\n/);
  const telnet = beside(s, server, ...peerCommand(s.t, 'telnet', 'localhost', '8124'));
  await telnet.printed(/hello\r?\n/);
  telnet.write('first line\n');
  await telnet.printed(/first line/);
  telnet.write('second line\n');
  await telnet.printed(/second line/);
  await server.printed(/client connected\n/);
  assert.doesNotMatch(server.output, /disconnected/);
  telnet.end();
  await server.printed(/client connected\nclient disconnected\n/);
});

row('C014 the echo server on a UNIX path answers nc -U', async (s) => {
  const path = `${s.folder()}/echo.sock`;
  const text = example('echo-server-unix.js', s.profile).replace('/tmp/echo.sock', path);
  const server = program(s, process.execPath, ['-e', text]);
  await server.printed(/server bound\n/);
  const [command, ...args] = peerCommand(s.t, 'nc', '-N', '-U', path);
  const nc = program(s, command, args);
  await nc.printed(/^hello\r\n/);
  nc.write('over a path\n');
  await nc.printed(/over a path\n/);
  nc.end();
  assert.equal(await nc.exit(), 0);
  await server.printed(/client connected\nclient disconnected\n/);
});

row('C026 the manual’s client runs as written against the echo server', async (s) => {
  const server = alone(s, example('echo-server.js', 'node:net'));
  await server.printed(/server bound\n/);
  const text = example('echo-client.js', s.profile);
  const client = beside(s, server, process.execPath, '-e', text);
  assert.equal(await client.exit(), 0, client.output);
  assert.match(client.output, /^connected to server!\n/);
  assert.match(client.output, /hello\r\n/);
  assert.match(client.output, /disconnected from server\n$/);
  await server.printed(/client connected\nclient disconnected\n/);
});

row('C026 the manual’s client runs against our own echo server on a path', async (s) => {
  const path = `${s.folder()}/echo.sock`;
  const at = (name: string): string => example(name, s.profile).replace('/tmp/echo.sock', path);
  const server = program(s, process.execPath, ['-e', at('echo-server-unix.js')]);
  await server.printed(/server bound\n/);
  const client = program(s, process.execPath, ['-e', at('echo-client-unix.js')]);
  assert.equal(await client.exit(), 0, client.output);
  assert.match(client.output, /^connected to server!\nhello\r\n(.|\s)*disconnected from server\n$/);
});
