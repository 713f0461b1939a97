// node scripts/native/smoke-musl.mjs: lets musl's own loader resolve every symbol of the shipped
// musl binary for this machine, in a small program that has stand-ins for Node's functions. Needs
// Debian's package musl-tools. (There is no Node for musl in the npm registry to load it with.)
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BuildProblem, run } from './fail.mjs';
import { sourceHash } from './source.mjs';
import { TARGETS } from './targets.mjs';
import { nodeImports } from './verify.mjs';

/**
 * A program that loads a module and runs its initializer, printing each string the module makes.
 * @param {string[]} names Node's functions that the module wants
 */
function program(names) {
  const spoken = 'napi_create_string_utf8';
  const silent = names.filter((name) => name !== spoken);
  return [
    '#include <dlfcn.h>',
    '#include <stdio.h>',
    ...silent.map((name) => `int ${name}(void) { return 0; }`),
    `int ${spoken}(void *env, const char *text) { (void)env; return puts(text) < 0; }`,
    'int main(int count, char **arguments) {',
    '  void *module = count > 1 ? dlopen(arguments[1], RTLD_NOW) : 0;',
    '  if (!module) return fputs(dlerror(), stderr), 1;',
    '  void *(*init)(void *, void *) = dlsym(module, "napi_register_module_v1");',
    '  init(0, 0);',
    '  return 0;',
    '}',
  ].join('\n');
}

/** @param {string} command @param {string[]} args @returns {string} */
function output(command, args) {
  const { status, error, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  if (!error && status === 0) return stdout;
  throw new BuildProblem(`${command} failed: ${error ?? stderr}`);
}

await run(() => {
  const target = TARGETS.find((each) => each.arch === process.arch && each.libc === 'musl');
  if (!target) throw new BuildProblem(`There is no shipped musl binary for ${process.arch}.`);
  const folder = mkdtempSync(join(tmpdir(), 'barewire-musl-'));
  try {
    const source = join(folder, 'host.c');
    const host = join(folder, 'host');
    writeFileSync(source, program(nodeImports(target.file)));
    output('musl-gcc', ['-w', '-rdynamic', source, '-o', host]);
    const said = output(host, [target.file]);
    if (!said.includes(sourceHash())) throw new BuildProblem('That is not the present source.');
    console.log(`musl loads it: ${said.trim()}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
