// Finds every module that a TypeScript or JavaScript file asks for, with a real parser.
import { parse } from '@babel/parser';

const OPTIONS = { sourceType: 'module', plugins: ['typescript'], createImportExpressions: true };

/** Calls `visit` with each node of the tree. */
function walk(node, visit) {
  visit(node);
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      if (typeof child?.type === 'string') walk(child, visit);
    }
  }
}

/** `require` itself and what hangs on it: `require.resolve`. */
function isRequire(callee) {
  if (callee.type === 'MemberExpression') return isRequire(callee.object);
  return callee.type === 'Identifier' && callee.name === 'require';
}

/** The node that names the module, if this node asks for one. */
function moduleNamedBy(node) {
  switch (node.type) {
    case 'ImportDeclaration':
    case 'ExportNamedDeclaration':
    case 'ExportAllDeclaration':
    case 'ImportExpression':
      return node.source;
    case 'TSImportType':
      return node.argument;
    case 'TSExternalModuleReference':
      return node.expression;
    case 'CallExpression':
      return isRequire(node.callee) ? node.arguments[0] : undefined;
    default:
      return undefined;
  }
}

/** `[{specifier, line}]` for import, export … from, import(), require() and type imports. */
export function importsOf(path, text) {
  const found = [];
  walk(parse(text, { ...OPTIONS, sourceFilename: path }).program, (node) => {
    const name = moduleNamedBy(node);
    if (name?.type !== 'StringLiteral') return;
    found.push({ specifier: name.value, line: name.loc.start.line });
  });
  return found;
}
