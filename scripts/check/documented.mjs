// Everything that a program can name of this package has a text that editors show: each export of
// each entry point, and each property, option and event of its types. A property that begins with
// an underscore is one of Node's own inner parts: tools look for it, and no program is to use it.
import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { ts } from '@ts-morph/common';
import { report, rootFromArguments } from '../lib/files.mjs';

/** The files with the types of the entry points, as package.json names them. */
function entries(value) {
  if (typeof value === 'string')
    return value.endsWith('.d.ts') || value.endsWith('.d.mts') ? [value] : [];
  return Object.values(value).flatMap(entries);
}

const root = rootFromArguments();
const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const files = [...new Set(entries(exports))].map((file) => join(root, file));
const program = ts.createProgram(files, {
  module: ts.ModuleKind.Node16,
  moduleResolution: ts.ModuleResolutionKind.Node16,
  target: ts.ScriptTarget.ES2023,
  types: ['node'],
  strict: true,
});
const checker = program.getTypeChecker();
const own = join(root, 'dist');
const missing = new Map();
const seen = new Set();

const isOwn = (symbol) =>
  (symbol.declarations ?? []).some((at) => at.getSourceFile().fileName.startsWith(own));

function place(symbol) {
  const declaration = symbol.declarations[0];
  const source = declaration.getSourceFile();
  const { line } = source.getLineAndCharacterOfPosition(declaration.getStart());
  return `${relative(root, source.fileName)}:${line + 1}`;
}

function hasText(symbol) {
  return symbol.getDocumentationComment(checker).length > 0;
}

function members(symbol) {
  const found = [...(symbol.members?.values() ?? [])];
  if (symbol.flags & ts.SymbolFlags.Class) found.push(...(symbol.exports?.values() ?? []));
  return found;
}

function isPrivate(symbol) {
  return (symbol.declarations ?? []).some(
    (at) =>
      ts.getCombinedModifierFlags(at) & (ts.ModifierFlags.Private | ts.ModifierFlags.Protected) ||
      (at.name && ts.isPrivateIdentifier(at.name)),
  );
}

/** Names that stand for what the language or Node defines. */
const isKnown = (name) => name.startsWith('_') || name === 'prototype';

function look(symbol, path, isExport = false) {
  const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
  if (seen.has(target) || !isOwn(target)) return;
  seen.add(target);
  if (isExport && !hasText(target) && !hasText(symbol)) missing.set(place(target), path);
  for (const member of members(target)) {
    const name = member.getName();
    if (isKnown(name) || isPrivate(member) || !isOwn(member)) continue;
    if (member.declarations.every(isInner)) continue;
    if (
      !(member.flags & (ts.SymbolFlags.Property | ts.SymbolFlags.Method | ts.SymbolFlags.Accessor))
    )
      continue;
    if (!hasText(member)) missing.set(place(member), `${path}.${name}`);
  }
  named(target, path);
}

/** Whether no program is to use a member: private, a symbol of ours, one of Node's inner parts. */
function isInner(node) {
  const { name, modifiers = [] } = node;
  if (ts.getJSDocTags(node).some((tag) => tag.tagName.text === 'internal')) return true;
  const hidden = [ts.SyntaxKind.PrivateKeyword, ts.SyntaxKind.ProtectedKeyword];
  if (modifiers.some(({ kind }) => hidden.includes(kind))) return true;
  if (name === undefined) return false;
  return ts.isComputedPropertyName(name)
    ? ts.isIdentifier(name.expression)
    : ts.isIdentifier(name) && name.text.startsWith('_');
}

/** The types that a declaration names, as its own text is what leads a reader to them. */
function named(symbol, path) {
  for (const declaration of symbol.declarations ?? []) {
    if (!declaration.getSourceFile().fileName.startsWith(own)) continue;
    const visit = (node) => {
      if (isInner(node)) return;
      if (ts.isTypeReferenceNode(node) || ts.isExpressionWithTypeArguments(node)) {
        const to = checker.getSymbolAtLocation(
          ts.isTypeReferenceNode(node) ? node.typeName : node.expression,
        );
        if (to && !(to.flags & ts.SymbolFlags.TypeParameter)) look(to, `${path} > ${to.getName()}`);
      }
      ts.forEachChild(node, visit);
    };
    ts.forEachChild(declaration, visit);
  }
}

let count = 0;
for (const file of files) {
  const source = program.getSourceFile(file);
  const module = source && checker.getSymbolAtLocation(source);
  if (!module) throw new Error(`${file} is no module: build first`);
  for (const symbol of checker.getExportsOfModule(module)) {
    look(symbol, symbol.getName(), true);
    count++;
  }
}
const problems = [...missing].map(([at, path]) => `${at}: ${path} has no text`);
report('documented', problems, `${count} exports and their members have a text`);
