// What the smoke tests of the shipped binaries share: a Node of their own, and tests run on it.
import { spawnSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BuildProblem } from './fail.mjs';
import { ROOT } from './source.mjs';

const TIMEOUT_MS = 300_000;

/**
 * What a command prints; a problem where it fails.
 * @param {string} command @param {string[]} args @param {NodeJS.ProcessEnv} [env]
 * @returns {string}
 */
export function output(command, args, env = process.env) {
  const options = { encoding: 'utf8', env, timeout: TIMEOUT_MS };
  const { status, error, stdout, stderr } = spawnSync(command, args, options);
  if (!error && status === 0) return stdout;
  throw new BuildProblem(`${command} ${args.at(-1)} failed: ${error ?? ''}\n${stdout}${stderr}`);
}

/**
 * A command in `folder` that is Node, started by `words`. What a program starts by its
 * `process.execPath` is this command again.
 * @param {string} folder @param {string[]} words
 * @returns {string}
 */
export function nodeCommand(folder, words) {
  const command = join(folder, 'node');
  const preload = join(folder, 'execpath.cjs');
  const quoted = [...words, '--require', preload].map((word) => `'${word}'`).join(' ');
  writeFileSync(preload, `process.execPath = ${JSON.stringify(command)};\n`);
  writeFileSync(command, `#!/bin/sh\nexec ${quoted} "$@"\n`);
  chmodSync(command, 0o755);
  return command;
}

/**
 * Runs compiled test files, each of which must pass with at least one test.
 * @param {string} label @param {string} node @param {string[]} names
 * @param {NodeJS.ProcessEnv} [env]
 */
export function runTests(label, node, names, env) {
  for (const name of names) {
    const result = output(node, [join(ROOT, 'build/test', `${name}.test.js`)], env);
    const passed = /^# pass ([1-9]\d*)$/m.exec(result);
    if (!passed) throw new BuildProblem(`${name} ran no tests:\n${result}`);
    console.log(`${label}: ${passed[1]} tests of ${name} passed`);
  }
}
