// Musl's headers for a processor: those installed on this machine, or else out of Debian's package
// for that processor, unpacked into a temporary folder. The system's own package lists and its set
// of architectures stay as they are.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { BuildProblem } from './fail.mjs';

/** @typedef {{ include: string, archive: string }} Musl */

/** @param {string} root @param {string} cpu @returns {Musl} */
function layout(root, cpu) {
  const name = `${cpu}-linux-musl`;
  return {
    include: join(root, 'usr/include', name),
    archive: join(root, 'usr/lib', name, 'libc.a'),
  };
}

/** @param {string} command @param {string[]} args @param {string} cwd */
function must(command, args, cwd) {
  const { status, error, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8' });
  if (!error && status === 0) return;
  throw new BuildProblem(
    `${command} ${args.at(-1)} failed: ${error ?? stderr.trim()}\n` +
      "Musl's headers are taken from Debian's package musl-dev, on Debian or a kin of it.",
  );
}

/** @param {string} debian @param {string} folder */
function download(debian, folder) {
  mkdirSync(join(folder, 'lists/partial'), { recursive: true });
  const options = [
    `APT::Architecture=${debian}`,
    `APT::Architectures::=${debian}`,
    `Dir::State::Lists=${join(folder, 'lists')}`,
    `Dir::Cache=${join(folder, 'cache')}`,
    // As root, apt would read as another user, who may not enter a private temporary folder.
    'APT::Sandbox::User=root',
  ].flatMap((option) => ['-o', option]);
  must('apt-get', [...options, '-q', 'update'], folder);
  must('apt-get', [...options, '-q', 'download', `musl-dev:${debian}`], folder);
  const packed = readdirSync(folder).find((name) => name.endsWith('.deb'));
  if (!packed) throw new BuildProblem(`apt-get gave no musl-dev for ${debian}.`);
  must('dpkg', ['-x', packed, folder], folder);
}

/**
 * @param {import('./targets.mjs').Target} target
 * @param {string} scratch a folder to download into
 * @returns {Musl}
 */
export function muslFor(target, scratch) {
  const installed = layout('/', target.cpu);
  if (existsSync(installed.include) && existsSync(installed.archive)) return installed;
  const folder = join(scratch, target.debian);
  download(target.debian, folder);
  return layout(folder, target.cpu);
}

/**
 * Which functions of a list musl lacks.
 * @param {string[]} names
 * @param {string} archive musl's libc.a
 * @param {string} cpu
 */
export function lackingInMusl(names, archive, cpu) {
  const nm = spawnSync(
    `${cpu}-linux-gnu-nm`,
    ['--defined-only', '--format=just-symbols', archive],
    {
      encoding: 'utf8',
      maxBuffer: 2 ** 26,
    },
  );
  if (nm.error || nm.status !== 0)
    throw new BuildProblem(`nm ${archive}: ${nm.error ?? nm.stderr}`);
  const has = new Set(nm.stdout.split('\n'));
  return names.filter((name) => !has.has(name));
}
