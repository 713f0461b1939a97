/** The native file of a single executable application, kept in it as an asset. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What a single executable calls the native file among its assets. */
export const ASSET = 'barewire.node';

interface Sea {
  isSea(): boolean;
  getRawAsset(key: string): ArrayBuffer;
}

function assetBytes(): Uint8Array | null {
  const sea = process.getBuiltinModule('node:sea') as unknown as Sea | undefined;
  if (!sea?.isSea()) return null;
  try {
    return new Uint8Array(sea.getRawAsset(ASSET));
  } catch {
    return null;
  }
}

/**
 * What `load` makes of the asset, which lies in a file for as long as that takes; null where this
 * is no single executable, or one without that asset.
 */
export function loadAsset<T>(load: (file: string) => T): T | null {
  const bytes = assetBytes();
  if (bytes === null) return null;
  const folder = mkdtempSync(join(tmpdir(), 'barewire-'));
  try {
    const file = join(folder, ASSET);
    writeFileSync(file, bytes, { mode: 0o700 });
    return load(file);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
