// Preloaded into the processes of a scenario: notes at the end how many sockets of which make took
// part, as a line of the file BW_TALLY. With BW_INTEROP the HTTP servers are on the same transport.
const { subscribe } = require('node:diagnostics_channel');
const { appendFileSync } = require('node:fs');
const http = require('node:http');

const { BW_TALLY, BW_REGISTER, BW_INTEROP } = process.env;
const { Socket: CoreSocket } = BW_REGISTER ? require(BW_REGISTER).builtinNet : require('node:net');
if (BW_INTEROP) http.createServer = require(BW_INTEROP).createHttpServer;
let ours = 0;
for (const name of ['net.client.socket', 'net.server.socket']) {
  subscribe(name, ({ socket }) => {
    if (!(socket instanceof CoreSocket)) ours++;
  });
}
process.on('exit', () => appendFileSync(BW_TALLY, `${ours}\n`));
