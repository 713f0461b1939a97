/** A self-signed certificate for localhost, made anew for each run. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { need } from '../kit/tools.js';

export interface Certificate {
  readonly key: Buffer;
  readonly cert: Buffer;
}

function make(): Certificate {
  need('openssl');
  const folder = mkdtempSync(join(tmpdir(), 'bw-cert-'));
  const key = join(folder, 'key.pem');
  const cert = join(folder, 'cert.pem');
  try {
    const names = 'subjectAltName=DNS:localhost,IP:127.0.0.1';
    const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
    const about = ['-nodes', '-days', '2', '-subj', '/CN=localhost', '-addext', names];
    execFileSync('openssl', [...request, ...about, '-keyout', key, '-out', cert], {
      stdio: 'ignore',
    });
    return { key: readFileSync(key), cert: readFileSync(cert) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

let made: Certificate | null = null;

export function certificate(): Certificate {
  made ??= make();
  return made;
}
