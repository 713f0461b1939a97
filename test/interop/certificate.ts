/** Self-signed certificates, made anew for each run. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { need } from '../kit/tools.js';

export interface Certificate {
  readonly key: Buffer;
  readonly cert: Buffer;
}

function make(name: string): Certificate {
  need('openssl');
  const folder = mkdtempSync(join(tmpdir(), 'bw-cert-'));
  const key = join(folder, 'key.pem');
  const cert = join(folder, 'cert.pem');
  try {
    const names = `subjectAltName=DNS:${name},IP:127.0.0.1`;
    const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
    const about = ['-nodes', '-days', '2', '-subj', `/CN=${name}`, '-addext', names];
    execFileSync('openssl', [...request, ...about, '-keyout', key, '-out', cert], {
      stdio: 'ignore',
    });
    return { key: readFileSync(key), cert: readFileSync(cert) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const made = new Map<string, Certificate>();

/** One for this name, the same each time. */
export function certificate(name = 'localhost'): Certificate {
  const found = made.get(name) ?? make(name);
  made.set(name, found);
  return found;
}
