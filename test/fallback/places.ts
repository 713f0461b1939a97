/** Preloads that make this machine look like one on which the native file can not load. */
import type { TestContext } from 'node:test';
import { type Files, Project } from '../register/project.js';

function property(name: string, value: string): string {
  return `Object.defineProperty(process, '${name}', { value: ${value} });`;
}

function versions(text: string): string {
  return property('versions', `{ ...process.versions, ${text} }`);
}

function failing(message: string): string {
  return `process.dlopen = (_, file) => { throw new Error(file + ': ${message}'); };`;
}

export const PLACES = {
  macOS: property('platform', "'darwin'") + property('arch', "'arm64'"),
  Windows: property('platform', "'win32'"),
  'another processor': property('arch', "'riscv64'"),
  Bun: versions("bun: '1.4.5'"),
  Deno: versions("deno: '2.9.6'"),
  'an old Node': versions("node: '20.18.3'"),
  'a file that is damaged': failing('invalid ELF header'),
  'a runtime without a symbol': failing('undefined symbol: uv_poll_init'),
} as const;

export type Place = keyof typeof PLACES;

/** What each of them is told, and the way out of it where there is one. */
export const WHY: Readonly<Record<Place, RegExp>> = {
  macOS: /runs on Linux only \(this is darwin-arm64\)/,
  Windows: /runs on Linux only \(this is win32-x64\)/,
  'another processor': /no native file for linux-riscv64.*`npx barewire build`.*C compiler/,
  Bun: /runs on Node only \(this is Bun 1\.4\.5\)/,
  Deno: /runs on Node only \(this is Deno 2\.9\.6\)/,
  'an old Node': /needs Node 20\.19 or newer \(this is 20\.18\.3\)/,
  'a file that is damaged': /barewire\.glibc\.node can not be loaded \(.*invalid ELF header\)/,
  'a runtime without a symbol': /has no uv_poll_init, which the native file .*glibc\.node needs/,
};

/** A program at such a place: `--require ./place.cjs` puts it there. */
export function projectAt(t: TestContext, place: Place, files: Files): Project {
  return new Project(t, { 'place.cjs': PLACES[place], ...files });
}

export const AT_PLACE = ['--require', './place.cjs'];

/** How often it was said that the built-in is used. */
export function warnings(stderr: string): number {
  return stderr.match(/\[BAREWIRE_UNSUPPORTED\]/g)?.length ?? 0;
}
