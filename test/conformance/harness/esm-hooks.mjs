// Resolves `net` for tests that are ES modules, on a Node without module.registerHooks (Node 20).
// See preload.cjs.
let url;
let tree;

export function initialize(data) {
  ({ url, tree } = data);
}

export function resolve(specifier, context, next) {
  const isNet = specifier === 'net' || specifier === 'node:net';
  if (isNet && context.parentURL?.startsWith(tree)) {
    return { url, shortCircuit: true, format: 'module' };
  }
  return next(specifier, context);
}
