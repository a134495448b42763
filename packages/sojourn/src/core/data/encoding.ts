/**
 * Application data as bytes: one entry per top-level key, the value as JSON text.
 *
 * Keys that the application declares in its dictionary are written as the first two bytes of their SHA-256
 * instead of their text. The name is a function of the key alone, so entries survive any reordering or growth
 * of the dictionary, and a process that does not declare a key carries its entry along untouched: versions of
 * an application run mixed. Undeclared keys are written out in full.
 *
 *     entry   shape (varint): bytes of the value × 4 + 2 if it is packed (`codec/packed-text.ts`) + 1 if the key is declared
 *             key length (1 byte, 1 … 255), key (UTF-8); or, declared, name (2 bytes)
 *             value (JSON, UTF-8 or packed, whichever is shorter)
 */
import { hash } from 'node:crypto'
import { ByteReader, ByteWriter } from '../codec/bytes.ts'
import { packText, unpackText } from '../codec/packed-text.ts'

/** Top-level key → JSON text. Entries whose declared key is unknown here are kept under `\0` and their name. */
export type Entries = Map<string, string>

export interface Dictionary {
  readonly nameOf: ReadonlyMap<string, number>
  readonly keyOf: ReadonlyMap<number, string>
}

const NO_DATA: Uint8Array = new Uint8Array(0)
export const LONGEST_KEY_BYTES = 255
const UNKNOWN = '\0'
const DECLARED = 1
const PACKED = 2
const LENGTH_UNIT = 4

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
    const packed = packText(json)
    const value = packed ?? Buffer.from(json)
    writer.varint(
      value.length * LENGTH_UNIT + (packed === undefined ? 0 : PACKED) + (name === undefined ? 0 : DECLARED),
    )
    if (name === undefined) writer.text1(key)
    else writer.u16(name)
    writer.bytes(value)
  }
  return writer.finish()
}

/**
 * Never throws on bytes that passed the record's checksum; an entry cut short ends the list. **Cost**: 3 µs for 330
 * bytes of JSON.
 */
export function decodeEntries(bytes: Uint8Array, words: Dictionary): Entries {
  const entries: Entries = new Map()
  const reader = new ByteReader(bytes)
  while (!reader.done) {
    const shape = reader.varint()
    const key = shape & DECLARED ? declaredKey(reader.u16(), words) : reader.bytes(reader.u8()).toString()
    const value = reader.bytes(Math.floor(shape / LENGTH_UNIT))
    if (reader.failed) break
    entries.set(key, shape & PACKED ? unpackText(value) : value.toString())
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
