/** A native module that runs the event loop from within a call, as deasync does. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { projectRoot } from './program.js';

/** `run()` makes one turn of the loop, which waits if there is nothing to do. */
const SOURCE = `
#define NAPI_VERSION 8
#include <node_api.h>
#include <uv.h>
static napi_value run(napi_env env, napi_callback_info info) {
  uv_loop_t *loop;
  (void)info;
  if (napi_get_uv_event_loop(env, &loop) == napi_ok) uv_run(loop, UV_RUN_ONCE);
  return NULL;
}
NAPI_MODULE_INIT() {
  napi_value function;
  napi_create_function(env, "run", NAPI_AUTO_LENGTH, run, NULL, &function);
  napi_set_named_property(env, exports, "run", function);
  return exports;
}
`;

interface Scripts {
  hostCompiler(): string;
  nodeHeaders(): string;
}

async function load(name: string): Promise<Partial<Scripts>> {
  return import(pathToFileURL(join(projectRoot, 'scripts/native', name)).href);
}

/** Compiles it into `folder`, with this machine's C compiler. Returns its path. */
export async function loopAddon(folder: string): Promise<string> {
  const { hostCompiler } = await load('compile.mjs');
  const { nodeHeaders } = await load('headers.mjs');
  if (hostCompiler === undefined || nodeHeaders === undefined) throw new Error('no such scripts');
  const source = join(folder, 'loop.c');
  const addon = join(folder, 'loop.node');
  writeFileSync(source, SOURCE);
  const args = ['-shared', '-fPIC', '-Wall', '-isystem', nodeHeaders(), '-o', addon, source];
  // The tests may run under a sanitizer; the compiler must not.
  const { LD_PRELOAD: _, ...env } = process.env;
  const { status, stderr } = spawnSync(hostCompiler(), args, { encoding: 'utf8', env });
  if (status !== 0) throw new Error(`the addon does not compile: ${stderr}`);
  return addon;
}
