import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { PacProxyAgent } from 'pac-proxy-agent';
import { SocksClient } from 'socks';
import { SocksProxyAgent } from 'socks-proxy-agent';
import { socksServer } from '../kit/socks-server.mjs';
import { about, bytes, close, digest, listen } from '../kit/tools.mjs';

export const packages = ['socks', 'socks-proxy-agent', 'pac-proxy-agent'];

async function world({ lib }) {
  const target = lib.createHttpServer((request, response) => request.pipe(response));
  const targetPort = await listen(target);
  const proxy = socksServer();
  const proxyPort = await listen(proxy);
  const stop = async () => {
    target.closeAllConnections();
    await Promise.all([close(target), close(proxy)]);
  };
  return { targetPort, proxyPort, proxy, stop };
}

function post(port, agent, body) {
  const request = http.request({ host: '127.0.0.1', port, method: 'POST', agent });
  request.end(body);
  return once(request, 'response').then(([response]) => digest(response));
}

export const scenarios = {
  async 'a SOCKS 5 connection, by hand'(context) {
    const { targetPort, proxyPort, stop } = await world(context);
    const { socket } = await SocksClient.createConnection({
      proxy: { host: '127.0.0.1', port: proxyPort, type: 5 },
      command: 'connect',
      destination: { host: '127.0.0.1', port: targetPort },
    });
    const isSocket = socket instanceof net.Socket;
    socket.write('POST / HTTP/1.0\r\nContent-Length: 1000000\r\n\r\n');
    // No FIN yet: http may cut an answer short for a client that has ended.
    socket.write(bytes(1_000_000));
    const { length } = await digest(socket);
    await stop();
    return { isSocket, enough: length > 1_000_000 };
  },

  async 'a refused destination, and a proxy that is not there'(context) {
    const { proxyPort, stop } = await world(context);
    const destination = { host: '127.0.0.1', port: 1 };
    const to = (port) => ({ proxy: { host: '127.0.0.1', port, type: 5 }, destination });
    const command = 'connect';
    const refused = await SocksClient.createConnection({ ...to(proxyPort), command }).catch(about);
    const nobody = await SocksClient.createConnection({ ...to(1), command }).catch(
      (error) => error.message,
    );
    await stop();
    return { refused, nobody };
  },

  async 'HTTP through socks-proxy-agent'(context) {
    const { targetPort, proxyPort, stop } = await world(context);
    const agent = new SocksProxyAgent(`socks5h://127.0.0.1:${proxyPort}`, { keepAlive: true });
    const results = [];
    for (let i = 0; i < 5; i++) results.push(await post(targetPort, agent, bytes(300_000, i)));
    agent.destroy();
    await stop();
    return results;
  },

  async 'HTTP through pac-proxy-agent: a script that says SOCKS, then DIRECT'(context) {
    const { targetPort, proxyPort, proxy, stop } = await world(context);
    let through = 0;
    proxy.on('connection', () => through++);
    const script = lib(context, `SOCKS5 127.0.0.1:${proxyPort}`);
    const scriptPort = await listen(script);
    const agent = new PacProxyAgent(`pac+http://127.0.0.1:${scriptPort}/proxy.pac`);
    const results = [];
    for (let i = 0; i < 3; i++) results.push(await post(targetPort, agent, bytes(50_000, i)));
    const direct = new PacProxyAgent(`pac+http://127.0.0.1:${scriptPort}/direct.pac`);
    results.push(await post(targetPort, direct, bytes(50_000)));
    agent.destroy();
    direct.destroy();
    script.closeAllConnections();
    await close(script);
    await stop();
    return { results, through };
  },
};

function lib(context, proxy) {
  return context.lib.createHttpServer((request, response) => {
    const answer = request.url === '/direct.pac' ? 'DIRECT' : proxy;
    response.end(`function FindProxyForURL() { return '${answer}'; }`);
  });
}
