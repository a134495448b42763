// Judges sources by the rules. A violation says where, which rule, why the rule exists and what to do.

import { posix } from 'node:path'
import {
  type AmbientRule,
  ambientRules,
  library,
  publicEntriesOnly,
  type Room,
  rooms,
  testModules,
  wholeTestsOnly,
} from './rules.ts'
import { type Finding, readSource } from './source.ts'

export interface SourceFile {
  /** Relative to the repository, with `/`. */
  readonly path: string
  readonly text: string
}

export interface Violation {
  readonly path: string
  readonly line: number
  readonly rule: string
  readonly problem: string
  readonly because: string
  readonly fix: string
}

type Judged = Omit<Violation, 'path'>

export interface CheckOptions {
  /** The library's public entries as consumers write them: `sojourn`, `sojourn/testing`. */
  readonly entries: readonly string[]
}

/** Every violation in one file, in order of lines. */
export function checkSource(file: SourceFile, options: CheckOptions): readonly Violation[] {
  const facts = readSource(file.path, file.text)
  const inLibrary = file.path.startsWith(`${library.sources}/`)
  const found: Judged[] = isTest(file.path) ? facts.incompleteTests.map(incompleteTest) : []
  if (inLibrary) {
    found.push(...facts.imports.flatMap((entry) => checkLibraryImport(file.path, entry)))
    for (const rule of ambientRules) found.push(...checkAmbient(file.path, rule, facts))
  } else if (publicEntriesOnly.folders.some((folder) => file.path.startsWith(`${folder}/`))) {
    found.push(...facts.imports.flatMap((entry) => checkConsumerImport(file.path, entry, options)))
    found.push(...facts.strings.filter(namesLibraryFile).map((entry) => backDoor(entry, entry.text)))
  }
  return unique(found.map((violation) => ({ path: file.path, ...violation }))).toSorted(
    (a, b) => a.line - b.line,
  )
}

/** Two lines for a terminal. */
export function formatViolation(violation: Violation): string {
  const { path, line, rule, problem, because, fix } = violation
  return `${path}:${line}  ${problem} [${rule}]\n    Why: ${because}\n    Fix: ${fix}`
}

function roomOf(path: string): Room | undefined {
  const inside = path.slice(library.sources.length + 1)
  const owners = rooms.filter(
    ({ name }) =>
      inside === name || inside.startsWith(`${name}/`) || inside === `${name}.ts` || isTestOf(inside, name),
  )
  return owners.toSorted((a, b) => b.name.length - a.name.length)[0]
}

function isTestOf(inside: string, name: string): boolean {
  const base = name.replace(/\.ts$/, '')
  return inside.startsWith(`${base}.`) && isTest(inside)
}

function isTest(path: string): boolean {
  return /\.(test|fixture)\.[mc]?[jt]sx?$/.test(path)
}

function checkLibraryImport(path: string, { text, line }: Finding): readonly Judged[] {
  const room = roomOf(path)
  if (!room) return [unknownRoom(path, line)]
  const target = text.startsWith('.') ? posix.join(posix.dirname(path), text) : undefined
  const allowed = target ? mayEnter(room, path, target) : mayUse(room, path, text)
  if (allowed) return []
  const other = target ? (roomOf(target)?.name ?? target) : text
  const rule = `imports of ${room.name}`
  const problem = `${room.name} may not import ${other}${target ? ` (${text})` : ''}`
  return [{ line, rule, problem, because: room.because, fix: `${allowance(room)} Pass the rest in.` }]
}

function mayEnter(room: Room, path: string, target: string): boolean {
  if (!target.startsWith(`${library.sources}/`)) return false
  if (isTest(path)) return true
  const other = roomOf(target)
  if (!other || isTest(target)) return false
  return other === room || room.rooms.some((name) => name === other.name || isStore(name, other))
}

function isStore(name: string, other: Room): boolean {
  return name === 'stores/*' && other.name.startsWith('stores/')
}

function mayUse(room: Room, path: string, specifier: string): boolean {
  if (room.modules.includes(specifier)) return true
  return isTest(path) && (specifier.startsWith('node:') || testModules.includes(specifier))
}

function allowance({ name, rooms: others, modules }: Room): string {
  const names = [...others, ...modules]
  return names.length > 0 ? `${name} may import ${names.join(', ')}.` : `${name} imports nothing.`
}

function unknownRoom(path: string, line: number): Judged {
  return {
    line,
    rule: 'rooms',
    problem: `${path} belongs to no room`,
    because: 'A folder that no rule describes is a folder without a purpose.',
    fix: 'Move the file, or describe the room in scripts/fences/rules.ts.',
  }
}

function checkAmbient(
  path: string,
  rule: AmbientRule,
  facts: ReturnType<typeof readSource>,
): readonly Judged[] {
  const inside = path.slice(library.sources.length + 1)
  if (rule.allowedIn.some(({ under, endsWith }) => inside.startsWith(under) && inside.endsWith(endsWith)))
    return []
  const names = facts.cryptoNames.filter(({ text }) => rule.crypto?.includes(text))
  const uses = facts.uses.filter(({ text }) =>
    rule.uses.some((use) => text === use || text.startsWith(`${use}.`)),
  )
  return [...uses, ...names].map(({ text, line }) => ({
    line,
    rule: rule.name,
    problem: `${text} is out of bounds here`,
    because: rule.because,
    fix: rule.fix,
  }))
}

function checkConsumerImport(path: string, entry: Finding, { entries }: CheckOptions): readonly Judged[] {
  const { text } = entry
  const isLibrary = text === library.name || text.startsWith(`${library.name}/`)
  if (isLibrary) return entries.includes(text) ? [] : [backDoor(entry, text)]
  if (!text.startsWith('.')) return []
  const target = posix.join(posix.dirname(path), text)
  return target.startsWith(`${library.folder}/`) ? [backDoor(entry, target)] : []
}

function namesLibraryFile({ text }: Finding): boolean {
  return new RegExp(`(${library.folder}|node_modules/${library.name})/(src|dist)\\b`).test(text)
}

function backDoor({ line }: Finding, text: string): Judged {
  const { because, fix } = publicEntriesOnly
  return { line, rule: 'public entries', problem: `${text} is not a public entry`, because, fix }
}

function incompleteTest({ text, line }: Finding): Judged {
  return { line, rule: 'whole tests', problem: `${text} in a test`, ...wholeTestsOnly }
}

function unique(violations: readonly Violation[]): readonly Violation[] {
  return [
    ...new Map(violations.map((entry) => [`${entry.line} ${entry.rule} ${entry.problem}`, entry])).values(),
  ]
}
