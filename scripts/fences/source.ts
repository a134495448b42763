// Reads one source file into what the fences judge: its imports, its uses of ambient things, and its
// skipped or lonely tests. Works on the syntax tree, so strings and comments never raise a false alarm.

import { parseSync, visitorKeys } from 'oxc-parser'

export interface Finding {
  /** The import specifier, the ambient use or the member of a test, as rules name it. */
  readonly text: string
  readonly line: number
}

export interface SourceFacts {
  readonly imports: readonly Finding[]
  readonly uses: readonly Finding[]
  /** Names taken from node:crypto, by import or through its namespace. */
  readonly cryptoNames: readonly Finding[]
  readonly strings: readonly Finding[]
  readonly incompleteTests: readonly Finding[]
}

type Collected = { -readonly [Key in keyof SourceFacts]: Finding[] }

interface SyntaxNode {
  readonly type: string
  readonly start: number
  readonly [field: string]: unknown
}

interface Place {
  readonly node: SyntaxNode
  readonly parent: SyntaxNode | undefined
  readonly field: string
}

interface Reading {
  readonly facts: Collected
  readonly cryptoNamespaces: Set<string>
  readonly lineAt: (offset: number) => number
}

const importingNodes: ReadonlySet<string> = new Set([
  'ImportDeclaration',
  'ExportAllDeclaration',
  'ExportNamedDeclaration',
  'ImportExpression',
  'TSImportType',
])
const moduleLoaders: ReadonlySet<string> = new Set([
  'require',
  'import.meta.resolve',
  'process.getBuiltinModule',
])

/** @throws {Error} when the file cannot be parsed, naming the place. */
export function readSource(path: string, text: string): SourceFacts {
  const { program, errors } = parseSync(path, text)
  if (errors[0]) throw new Error(`${path} cannot be parsed: ${errors[0].message}`)
  const facts: Collected = { imports: [], uses: [], cryptoNames: [], strings: [], incompleteTests: [] }
  const reading: Reading = { facts, cryptoNamespaces: new Set(['crypto']), lineAt: lineCounter(text) }
  walk({ node: program as unknown as SyntaxNode, parent: undefined, field: '' }, (place) =>
    read(place, reading),
  )
  return facts
}

function walk(place: Place, visit: (place: Place) => void): void {
  visit(place)
  for (const field of visitorKeys[place.node.type] ?? []) {
    for (const child of [place.node[field]].flat()) {
      if (isNode(child)) walk({ node: child, parent: place.node, field }, visit)
    }
  }
}

function read(place: Place, reading: Reading): void {
  const { node } = place
  if (importingNodes.has(node.type)) readImport(node, reading)
  if (node.type === 'CallExpression') readLoader(node, reading)
  if (node.type === 'Literal' && typeof node['value'] === 'string')
    add(reading, 'strings', node['value'], node)
  if (node.type === 'MemberExpression') readMember(node, reading)
  if (node.type === 'Identifier') readIdentifier(place, reading)
}

function readImport(node: SyntaxNode, reading: Reading): void {
  const specifier = literal(node['source'])
  if (specifier === undefined) return
  add(reading, 'imports', specifier, node)
  if (specifier !== 'node:crypto' && specifier !== 'crypto') return
  for (const name of [node['specifiers'] ?? []].flat().filter(isNode)) {
    if (isNode(name['imported'])) add(reading, 'cryptoNames', String(name['imported']['name']), name)
    else if (isNode(name['local'])) reading.cryptoNamespaces.add(String(name['local']['name']))
  }
}

function readLoader(node: SyntaxNode, reading: Reading): void {
  const callee = dottedName(node['callee'])
  const specifier = literal([node['arguments']].flat()[0])
  if (callee && specifier && moduleLoaders.has(callee)) add(reading, 'imports', specifier, node)
}

function readMember(node: SyntaxNode, reading: Reading): void {
  const name = dottedName(node)
  const member = name?.slice(name.lastIndexOf('.') + 1)
  if (name) add(reading, 'uses', name, node)
  if (name && member && reading.cryptoNamespaces.has(name.slice(0, -member.length - 1))) {
    add(reading, 'cryptoNames', member, node)
  }
  const property = isNode(node['property']) ? node['property']['name'] : undefined
  if (property === 'skip' || property === 'only') add(reading, 'incompleteTests', `.${property}`, node)
}

function readIdentifier({ node, parent, field }: Place, reading: Reading): void {
  const name = String(node['name'])
  if (!parent || isNameOnly(parent, field)) return
  if (name !== 'Date') add(reading, 'uses', name, node)
  else if (isCallWithoutArgument(parent, field))
    add(reading, 'uses', parent.type === 'NewExpression' ? 'new Date()' : 'Date()', node)
  else if (isAlias(parent, field)) add(reading, 'uses', 'Date.now', node)
}

/** A property, a key or a type that merely has the name. */
function isNameOnly(parent: SyntaxNode, field: string): boolean {
  if (parent.type.startsWith('TS') && !/^TS(As|Satisfies|NonNull|TypeAssertion)/.test(parent.type))
    return true
  if (parent.type === 'MemberExpression') return field === 'property' && parent['computed'] !== true
  if (field === 'key') return parent['computed'] !== true && parent['shorthand'] !== true
  return /^(Import|Export).*Specifier$/.test(parent.type) || parent.type === 'LabeledStatement'
}

function isCallWithoutArgument(parent: SyntaxNode, field: string): boolean {
  const isCall = parent.type === 'CallExpression'
  const isBareNew = parent.type === 'NewExpression' && [parent['arguments']].flat().length === 0
  return field === 'callee' && (isCall || isBareNew)
}

function isAlias(parent: SyntaxNode, field: string): boolean {
  return (
    field === 'init' ||
    field === 'arguments' ||
    field === 'value' ||
    (field === 'right' && parent.type === 'AssignmentExpression')
  )
}

/** `a.b.c` for member chains of plain names, without a leading `globalThis.`; undefined for anything else. */
function dottedName(node: unknown): string | undefined {
  if (!isNode(node)) return undefined
  if (node.type === 'Identifier') return String(node['name'])
  if (node.type === 'MetaProperty') return 'import.meta'
  if (node.type === 'ChainExpression') return dottedName(node['expression'])
  if (node.type !== 'MemberExpression') return undefined
  const object = dottedName(node['object'])
  const property = node['computed'] === true ? literal(node['property']) : nameOf(node['property'])
  if (object === undefined || property === undefined) return undefined
  return object === 'globalThis' || object === 'global' ? property : `${object}.${property}`
}

function nameOf(node: unknown): string | undefined {
  return isNode(node) ? String(node['name']) : undefined
}

function literal(node: unknown): string | undefined {
  if (!isNode(node)) return undefined
  if (node.type === 'TSLiteralType') return literal(node['literal'])
  return node.type === 'Literal' && typeof node['value'] === 'string' ? node['value'] : undefined
}

function isNode(value: unknown): value is SyntaxNode {
  return typeof value === 'object' && value !== null && 'type' in value && 'start' in value
}

function add({ facts, lineAt }: Reading, kind: keyof SourceFacts, text: string, node: SyntaxNode): void {
  facts[kind].push({ text, line: lineAt(node.start) })
}

function lineCounter(text: string): (offset: number) => number {
  return (offset) => text.slice(0, offset).split('\n').length
}
