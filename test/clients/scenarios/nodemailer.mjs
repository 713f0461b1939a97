import nodemailer from 'nodemailer';
import { SMTPServer } from 'smtp-server';
import { about, bytes, digest } from '../kit/tools.mjs';

export const packages = ['nodemailer', 'smtp-server'];

/** A mail server that keeps digests of what it gets. */
async function mailbox({ certificate }, options = {}) {
  const mails = [];
  const { key, cert } = certificate;
  const server = new SMTPServer({
    key,
    cert,
    authOptional: true,
    ...options,
    onAuth({ username, password }, _session, done) {
      done(password === 'right' ? null : new Error('wrong password'), { user: username });
    },
    onData(stream, session, done) {
      digest(stream).then(({ length }) => {
        const to = session.envelope.rcptTo.map(({ address }) => address);
        mails.push({ to, secure: session.secure, user: session.user, long: length > 1_000_000 });
        done();
      }, done);
    },
  });
  server.on('error', () => {});
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.server.address();
  const stop = () => new Promise((resolve) => server.close(resolve));
  return { port, mails, stop };
}

const letter = (i, size) => ({
  from: 'a@example.com',
  to: `b${i}@example.com`,
  subject: `letter ${i}`,
  text: 'a line\n.\n..dots\n',
  attachments: [{ filename: 'a.bin', content: bytes(size, i) }],
});

const tls = ({ certificate }) => ({ ca: certificate.cert, servername: 'localhost' });

async function send(context, serverOptions, clientOptions, size = 10_000) {
  const { port, mails, stop } = await mailbox(context, serverOptions);
  const options = { host: '127.0.0.1', port, tls: tls(context), ...clientOptions };
  const transport = nodemailer.createTransport(options);
  const sent = [];
  for (let i = 0; i < 3; i++) {
    const info = await transport.sendMail(letter(i, size)).catch(about);
    sent.push(info.response?.split(' ')[0] ?? info);
  }
  transport.close();
  await stop();
  return { sent, mails };
}

export const scenarios = {
  'letters in plain text': (context) => send(context, {}, { ignoreTLS: true }),
  'letters with attachments of 2 MiB, on a pool': (context) =>
    send(context, {}, { ignoreTLS: true, pool: true }, 2 << 20),
  'STARTTLS with a login': (context) =>
    send(context, {}, { requireTLS: true, auth: { user: 'me', pass: 'right' } }),
  'a wrong password': (context) =>
    send(context, {}, { requireTLS: true, auth: { user: 'me', pass: 'wrong' } }),
  async 'a server that is not there'() {
    const transport = nodemailer.createTransport({ host: '127.0.0.1', port: 1 });
    const error = await transport.sendMail(letter(0, 10)).catch(about);
    transport.close();
    return error;
  },
};
