/**
 * Application data as bytes: one entry per top-level key, the value as JSON text.
 *
 * Keys that the application declares in its dictionary are written as the first two bytes of their SHA-256
 * instead of their text. The name is a function of the key alone, so entries survive any reordering or growth
 * of the dictionary, and a process that does not declare a key carries its entry along untouched: versions of
 * an application run mixed. Undeclared keys are written out in full.
 *
 *     entry   key length (1 byte, 1 … 255) key (UTF-8)   value length (varint) value (JSON, UTF-8)
 *             0                            name (2 bytes)  value length (varint) value (JSON, UTF-8)
 */
import { hash } from 'node:crypto'
import { ByteReader, ByteWriter } from '../codec/bytes.ts'

/** Top-level key → JSON text. Entries whose declared key is unknown here are kept under `\0` and their name. */
export type Entries = Map<string, string>

export interface Dictionary {
  readonly nameOf: ReadonlyMap<string, number>
  readonly keyOf: ReadonlyMap<number, string>
}

const NO_DATA: Uint8Array = new Uint8Array(0)
export const LONGEST_KEY_BYTES = 255
const UNKNOWN = '\0'

/** The dictionary, or the two keys whose names collide. */
export function dictionary(
  keys: readonly string[],
): Dictionary | { readonly collision: readonly [string, string] } {
  const nameOf = new Map<string, number>()
  const keyOf = new Map<number, string>()
  for (const key of keys) {
    const name = Number.parseInt(hash('sha256', key, 'hex').slice(0, 4), 16)
    const other = keyOf.get(name)
    if (other !== undefined && other !== key) return { collision: [other, key] }
    nameOf.set(key, name)
    keyOf.set(name, key)
  }
  return { nameOf, keyOf }
}

export function encodeEntries(entries: Entries, words: Dictionary): Uint8Array {
  if (entries.size === 0) return NO_DATA
  const writer = new ByteWriter(256)
  for (const [key, json] of entries) {
    const name = key.startsWith(UNKNOWN) ? Number(key.slice(1)) : words.nameOf.get(key)
    if (name === undefined) {
      writer.text1(key)
    } else {
      writer.u8(0)
      writer.u16(name)
    }
    writer.text(json)
  }
  return writer.finish()
}

/** Never throws on bytes that passed the record's checksum; an entry cut short ends the list. */
export function decodeEntries(bytes: Uint8Array, words: Dictionary): Entries {
  const entries: Entries = new Map()
  const reader = new ByteReader(bytes)
  while (!reader.done) {
    const length = reader.u8()
    const key = length === 0 ? declaredKey(reader.u16(), words) : reader.bytes(length).toString('utf8')
    const json = reader.text()
    if (reader.failed) break
    entries.set(key, json)
  }
  return entries
}

function declaredKey(name: number, words: Dictionary): string {
  return words.keyOf.get(name) ?? UNKNOWN + name
}

/** What the application sees: an object without a prototype, so that no key of it means anything special. */
export function entriesToObject(entries: Entries): Record<string, unknown> {
  const object = Object.create(null) as Record<string, unknown>
  for (const [key, json] of entries) if (!key.startsWith(UNKNOWN)) object[key] = JSON.parse(json)
  return object
}
