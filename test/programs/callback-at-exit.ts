/** A crash, or an exit with a code; what waits for a write must not change what it ends with. */
import { connect } from 'barewire';

const [how = '', portText] = process.argv.slice(2);

const socket = connect({ port: Number(portText), host: '127.0.0.1' }, () => {
  socket.write('last words', () => {
    console.log('told');
    process.exitCode = 0;
    process.exit(0);
  });
  if (how === 'throw') throw new Error('planted');
  process.exit(3);
});
