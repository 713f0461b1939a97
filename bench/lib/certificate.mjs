// The certificate of what speaks TLS here: an EC key, signed by itself, made by openssl.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../.cache', import.meta.url));
const keyFile = join(folder, 'tls-key.pem');
const certFile = join(folder, 'tls-cert.pem');
const DAY_MS = 24 * 3600 * 1000;

const isFresh = () => existsSync(certFile) && Date.now() - statSync(certFile).mtimeMs < DAY_MS;

/** Makes it unless that was done today. Returns whether there is one: it takes `openssl`. */
export function makeCertificate() {
  if (isFresh()) return true;
  mkdirSync(folder, { recursive: true });
  const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
  const about = ['-nodes', '-days', '2', '-subj', '/CN=localhost'];
  const files = ['-keyout', keyFile, '-out', certFile];
  return spawnSync('openssl', [...request, ...about, ...files]).status === 0;
}

/** What a server is given, for the one version of TLS that is measured. */
export function serverOptions() {
  return { key: readFileSync(keyFile), cert: readFileSync(certFile), minVersion: 'TLSv1.3' };
}

/** What a client is given. Every connection makes a new session. */
export const clientOptions = { rejectUnauthorized: false, minVersion: 'TLSv1.3' };
