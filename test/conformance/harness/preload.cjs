/**
 * Loaded by --require into every process of a test of Node's, and into those that it starts. Who
 * asks for `net` from a file of the test tree is given the module under test. Everybody else keeps
 * the built-in: Node's own modules do not come by here, and a module under test that asks for the
 * built-in gets it, which is noted.
 *
 * CONFORMANCE_MODULE: node:net, or the path of a module. CONFORMANCE_TREE: the folder of the tests.
 * CONFORMANCE_TRACE: a file that gets a line of JSON for each thing noted.
 */
'use strict';
const Module = require('node:module');
const fs = require('node:fs');
const path = require('node:path');
const util = require('node:util');
const { pathToFileURL } = require('node:url');

const MODULE = process.env.CONFORMANCE_MODULE;
const TREE = fs.realpathSync(process.env.CONFORMANCE_TREE) + path.sep;
/** For tests of `tls` and `https`: the folder of the compiled package, or `node`. */
const PROTOCOLS = process.env.CONFORMANCE_PROTOCOLS;
const TRACE = process.env.CONFORMANCE_TRACE;
const INHERITED = /^(NODE_OPTIONS$|CONFORMANCE_|NODE_TEST_DIR|TEST_THREAD_ID|NODE_COMMON_PORT)/;
const NATIVE = ['tcp_wrap', 'pipe_wrap', 'stream_wrap'];

const originalLoad = Module._load;
/** Where tests of `tls` and `https` run, `net` is the hook's to give. */
const isNet = (name) => PROTOCOLS === undefined && (name === 'net' || name === 'node:net');
const noted = new Set();

function note(kind, from, what = 'net') {
  const line = `${JSON.stringify({ kind, from, what })}\n`;
  if (noted.has(line)) return;
  noted.add(line);
  fs.appendFileSync(TRACE, line);
}

/** Node warns of require() of an ES module, which the harness does: some tests fail on warnings. */
function withoutWarning(load) {
  const { emitWarning } = process;
  process.emitWarning = (warning, type, ...rest) => {
    const name = typeof type === 'object' && type !== null ? type.type : type;
    if (name === 'ExperimentalWarning' && /require|ES Module/i.test(String(warning))) return;
    Reflect.apply(emitWarning, process, [warning, type, ...rest]);
  };
  try {
    return load();
  } finally {
    process.emitWarning = emitWarning;
  }
}

/** An ES module's default export; else a copy of its namespace, as tests replace functions. */
function plainModule(loaded) {
  if (loaded?.[Symbol.toStringTag] !== 'Module') return loaded;
  if (typeof loaded.default?.createServer === 'function') return loaded.default;
  return { ...loaded };
}

/** Imports of an ES module do not come by Module._load: where Node can, they are watched. */
function loadWatched() {
  const hooks = Module.registerHooks?.({
    resolve(specifier, context, next) {
      if (isNet(specifier)) note('import', context.parentURL ?? 'unknown');
      return next(specifier, context);
    },
  });
  try {
    return plainModule(originalLoad(MODULE, module, false));
  } finally {
    hooks?.deregister();
  }
}

let loaded;

/** Loaded at the first request: a module that throws then fails the test, not this file. */
function moduleUnderTest() {
  loaded ??= MODULE === 'node:net' ? require('node:net') : withoutWarning(loadWatched);
  return loaded;
}

/** Whether a file is one of the tree; so is text from the command line. */
function isInTree(file) {
  if (!file || file === '[eval]' || file === '[stdin]') return true;
  try {
    return fs.realpathSync(file).startsWith(TREE);
  } catch {
    return file.startsWith(TREE);
  }
}

Module._load = function load(request, parent, isMain) {
  if (isNet(request) && parent !== module) {
    const from = parent?.filename;
    if (isInTree(from)) {
      note('served', from ?? '[eval]');
      return moduleUnderTest();
    }
    note('require', from);
  } else if (request === 'child_process' || request === 'node:child_process') {
    keepEnvironment();
  }
  return Reflect.apply(originalLoad, this, [request, parent, isMain]);
};

/** Other ways to the built-in are noted, and not closed. */
function watchOtherWays() {
  const { getBuiltinModule, binding } = process;
  if (getBuiltinModule !== undefined) {
    process.getBuiltinModule = (id) => {
      if (isNet(id)) note('getBuiltinModule', callerFile());
      return Reflect.apply(getBuiltinModule, process, [id]);
    };
  }
  process.binding = (name) => {
    if (NATIVE.includes(name)) note('process.binding', callerFile(), name);
    return Reflect.apply(binding, process, [name]);
  };
}

function callerFile() {
  const lines = String(new Error().stack).split('\n').slice(1);
  const line = lines.find((text) => !text.includes(__filename)) ?? '';
  return /((?:file:\/\/)?\/[^:)]+):\d+/.exec(line)?.[1] ?? 'unknown';
}

let isKept = false;

/** A test may start a Node with an environment of its own: that one too loads this file. */
function keepEnvironment() {
  if (isKept) return;
  isKept = true;
  const { ChildProcess } = require('node:child_process');
  const { spawn } = ChildProcess.prototype;
  const kept = Object.entries(process.env).filter(([name]) => INHERITED.test(name));
  ChildProcess.prototype.spawn = function spawnWithEnvironment(options) {
    for (const [name, value] of Array.isArray(options?.envPairs) ? kept : []) {
      if (options.envPairs.some((pair) => pair.startsWith(`${name}=`))) continue;
      options.envPairs.push(`${name}=${value}`);
    }
    return Reflect.apply(spawn, this, [options]);
  };
}

/** The text of an ES module that exports what `net` has, for tests that import it. */
function facadeSource(net) {
  const names = Object.keys(net).filter((name) => /^[A-Za-z_$][\w$]*$/.test(name));
  return [
    "const { net, served } = globalThis[Symbol.for('conformance.net')];",
    `served(${JSON.stringify(process.argv[1])});`,
    'export default net;',
    ...names
      .filter((name) => name !== 'default')
      .map((name) => `export const ${name} = net[${JSON.stringify(name)}];`),
  ].join('\n');
}

/** Only a test whose main file is an ES module needs its imports resolved here. */
function hookImports() {
  const net = moduleUnderTest();
  const value = { net, served: (from) => note('served', from) };
  Object.defineProperty(globalThis, Symbol.for('conformance.net'), { value });
  const url = `data:text/javascript,${encodeURIComponent(facadeSource(net))}`;
  const tree = pathToFileURL(TREE).href;
  if (Module.registerHooks === undefined) {
    const parentURL = pathToFileURL(__filename);
    Module.register('./esm-hooks.mjs', { parentURL, data: { url, tree } });
    return;
  }
  Module.registerHooks({
    resolve(specifier, context, next) {
      const isImport = context.conditions?.includes('import');
      if (isNet(specifier) && isImport && context.parentURL?.startsWith(tree)) {
        return { url, shortCircuit: true, format: 'module' };
      }
      return next(specifier, context);
    },
  });
}

/** The tree's test/common names the line of a mustNotCall() by this, which Node 20 lacks. */
function getCallSites() {
  const { prepareStackTrace } = Error;
  Error.prepareStackTrace = (_, sites) => sites;
  const sites = new Error().stack;
  Error.prepareStackTrace = prepareStackTrace;
  return sites.slice(1).map((site) => ({
    functionName: site.getFunctionName() ?? '',
    scriptName: site.getFileName() ?? '',
    lineNumber: site.getLineNumber() ?? 0,
    column: site.getColumnNumber() ?? 0,
  }));
}

util.getCallSites ??= getCallSites;
if (PROTOCOLS !== undefined) {
  const folder = PROTOCOLS === 'node' ? null : PROTOCOLS;
  require('./protocols.cjs')(folder, () => note('served', process.argv[1] ?? '[eval]'));
} else watchOtherWays();
if (PROTOCOLS === undefined && process.argv[1]?.endsWith('.mjs')) hookImports();
