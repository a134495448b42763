/**
 * `X-Forwarded-For`, `-Proto` and `-Host`. No standard says what they look like, so this takes what proxies write:
 * addresses with and without port, brackets and quotes. Lists are read from their end, where the nearest proxy wrote.
 */
import { type Address, readAddress } from './networks.ts'
import { type Header, MOST_HOPS, MOST_TEXT, readNode, type Trail, UNCLEAR } from './trail.ts'

export function xForwarded(header: Header): Trail {
  const hops = header('x-forwarded-for') ?? ''
  const entries = lastEntries(hops)
  return {
    length: entries.length,
    address: (hop) => readEntry(entries[hop] ?? ''),
    scheme: (hop) => entryBeside(hops, header('x-forwarded-proto') ?? '', hop),
    host: (hop) => entryBeside(hops, header('x-forwarded-host') ?? '', hop),
  }
}

/** The end of a list, its last entry first. */
function lastEntries(list: string): readonly string[] {
  const text = trimmed(tail(list))
  const entries: string[] = []
  let end = list === '' ? -1 : text.length
  while (end >= 0 && entries.length < MOST_HOPS) {
    const comma = text.slice(0, end).lastIndexOf(',')
    entries.push(trimmed(text.slice(comma + 1, end)))
    end = comma
  }
  return entries
}

/** The whole entries at the end of a list that is too long. */
function tail(list: string): string {
  if (list.length <= MOST_TEXT) return list
  const end = list.slice(-MOST_TEXT)
  const comma = end.indexOf(',')
  return comma === -1 ? '' : end.slice(comma + 1)
}

function readEntry(entry: string): Address | undefined {
  const isQuoted = entry.length > 1 && entry.startsWith('"') && entry.endsWith('"')
  const node = isQuoted ? entry.slice(1, -1) : entry
  return readNode(node) ?? readAddress(node)
}

/**
 * What another header says about a hop: its only value, or the one in the hop's place if it has one for each hop.
 * Of any other number of values nobody can say who wrote which.
 */
function entryBeside(hops: string, list: string, hop: number): string | undefined {
  if (list.length > MOST_TEXT) return UNCLEAR
  const values = countEntries(list)
  if (values === 0) return undefined
  if (values === 1) return trimmed(list)
  const isOneEach = hops.length <= MOST_TEXT && values === countEntries(hops)
  return isOneEach ? (lastEntries(list)[hop] ?? UNCLEAR) : UNCLEAR
}

function countEntries(list: string): number {
  if (trimmed(list) === '') return 0
  let count = 1
  for (let comma = list.indexOf(','); comma !== -1; comma = list.indexOf(',', comma + 1)) count++
  return count
}

/** Without blanks and tabs around it; other white space is part of the text, as in HTTP. */
function trimmed(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && isBlank(text.charCodeAt(start))) start++
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--
  return text.slice(start, end)
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09
}
