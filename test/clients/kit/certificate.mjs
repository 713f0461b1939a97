// A self-signed certificate for localhost, made anew for each run.
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

let made = null;

/** `{key, cert}` as PEM text, and the paths of two files that hold them. */
export function certificate() {
  made ??= make();
  return made;
}

function make() {
  const folder = mkdtempSync(join(tmpdir(), 'bw-clients-cert-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  const keyFile = join(folder, 'key.pem');
  const certFile = join(folder, 'cert.pem');
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const about = ['-days', '2', '-subj', '/CN=localhost'];
  const names = ['-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  const files = ['-keyout', keyFile, '-out', certFile];
  execFileSync('openssl', ['req', '-x509', ...kind, ...about, ...names, ...files], {
    stdio: 'ignore',
  });
  chmodSync(folder, 0o755);
  chmodSync(keyFile, 0o644);
  const [key, cert] = [keyFile, certFile].map((path) => readFileSync(path, 'utf8'));
  return { key, cert, keyFile, certFile };
}
