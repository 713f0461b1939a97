/** Writes just before it exits; all of that must still leave. */
import { connect } from 'barewire';

const [how = '', portText] = process.argv.slice(2);
const LONG = 'x'.repeat(5000);

const socket = connect({ port: Number(portText), host: '127.0.0.1' }, () => {
  const wayOut: Record<string, () => void> = {
    'just before process.exit()': () => {
      socket.write('one ');
      socket.write(LONG);
      socket.write(' last');
      process.exit();
    },
    "in an 'exit' handler": () => {
      process.on('exit', () => {
        socket.write('one ');
        socket.write(LONG);
        socket.write(' last');
      });
      process.exit();
    },
    "before and in an 'exit' handler": () => {
      process.on('exit', () => socket.write(' last'));
      socket.write('one ');
      socket.write(LONG);
      process.exit();
    },
    'before an exception that nobody catches': () => {
      socket.write('one ');
      socket.write(LONG);
      socket.write(' last');
      throw new Error('planted');
    },
  };
  wayOut[how]?.();
});
