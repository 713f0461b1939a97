/** Loads the native file that a single executable application has among its assets. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The name of the native file among the assets. */
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
 * Writes the asset to a file, calls `load` with its path, and removes the file again. Returns the
 * result of `load`, or null if this is not a single executable, or one without that asset.
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
