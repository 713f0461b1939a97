/**
 * Programs of others that tests talk to. If one is not installed, Node's own `net` in another
 * process takes its place; a test that needs more than that is skipped, and the run names the
 * program at its end. With CI=true a missing program is a failure.
 */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { TestContext } from 'node:test';
import { compiled } from './program.js';

/** How a message about a missing program begins; scripts/test.mjs collects these. */
const NOT_INSTALLED = 'not installed: ';

type Context = Pick<TestContext, 'diagnostic' | 'skip'>;

/** Thrown if a test can not go on without a program. */
class NotInstalled extends Error {}

function isInstalled(tool: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, tool), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Throws if one of these programs is not installed; under `skipping` that skips the test. */
export function need(...tools: readonly string[]): void {
  const missing = tools.filter((tool) => !isInstalled(tool));
  if (missing.length > 0) throw new NotInstalled(NOT_INSTALLED + missing.join(', '));
}

/** Runs a test's body. A test that `need`s a missing program is skipped; in CI it fails. */
export async function skipping(t: Context, body: () => unknown): Promise<void> {
  try {
    await body();
  } catch (error) {
    if (!(error instanceof NotInstalled) || process.env['CI'] === 'true') throw error;
    t.skip(error.message);
  }
}

/** A command and its arguments. */
export type Command = readonly [command: string, ...args: string[]];

/** The command of a peer: the program itself, or ours that understands its arguments. */
export function peerCommand(
  t: Context,
  tool: 'nc' | 'socat' | 'telnet',
  ...args: string[]
): Command {
  if (process.env['CI'] === 'true') need(tool);
  if (isInstalled(tool)) return [tool, ...args];
  t.diagnostic(NOT_INSTALLED + tool);
  return [process.execPath, compiled('plain-peer'), tool, ...args];
}

/** The same as a piece of a shell's line; `args` holds no quotes. */
export function shellPeer(t: Context, tool: 'nc' | 'socat', args: string): string {
  const [command, ...rest] = peerCommand(t, tool, ...args.split(' '));
  return `"${command}" ${rest.join(' ')}`;
}
