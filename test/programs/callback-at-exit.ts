/** Crashes, or exits with a code, while write callbacks wait; they must not change how it ends. */
import { connect } from 'barewire';

const [how = '', portText] = process.argv.slice(2);

const flip = (): void => {
  console.log('told');
  process.exitCode = 0;
  process.exit(0);
};

const socket = connect({ port: Number(portText), host: '127.0.0.1' }, () => {
  process.on('exit', () => {
    socket.write('words', flip);
  });
  if (how === 'an exit in a callback') {
    socket.write('la', () => process.exit(3));
    socket.write('st ', flip);
    return;
  }
  socket.write('last ', flip);
  if (how === 'a crash') throw new Error('planted');
  process.exit(3);
});
