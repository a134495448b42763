/** Writing application data: the delta is applied to the live record, then the whole is checked and encoded. */
import { type Delta, deltaBetween } from '../data/delta.ts'
import { decodeEntries, encodeEntries, type Entries, entriesToObject } from '../data/encoding.ts'
import { isPlainObject, jsonText } from '../data/json.ts'
import { InputError } from '../errors.ts'
import type { Settings } from '../policy/options.ts'
import type { SubjectAttributes } from '../roster.ts'

const MOST_ATTRIBUTE_BYTES = 4096

/** @throws (when called) InputError `DATA_TOO_LARGE`, `DATA_INVALID`, `DATA_NOT_A_NUMBER` */
export function applying(settings: Settings, delta: Delta): (data: Uint8Array) => Uint8Array {
  return (data) => checked(settings, delta.apply(decodeEntries(data, settings.words)))
}

/** Gets a copy of the data; changes it, or answers the data to store instead. Synchronous. */
export type Edit<Data> = (
  data: { -readonly [Key in keyof Data]?: Data[Key] },
) => Partial<Data> | undefined | void

/** `edit` gets a copy that it may change, or answers the data to store instead. It may be called again. */
export function editing<Data>(settings: Settings, edit: Edit<Data>): (data: Uint8Array) => Uint8Array {
  return (data) => {
    const entries = decodeEntries(data, settings.words)
    return checked(settings, editedDelta(entriesToObject(entries), edit).apply(entries))
  }
}

/** What `edit` makes of a copy of `before`. @throws InputError `DATA_INVALID`, `DATA_NOT_JSON` */
export function editedDelta<Data>(before: Readonly<Record<string, unknown>>, edit: Edit<Data>): Delta {
  const draft = structuredClone(before)
  const result: unknown = edit(draft as Partial<Data>) ?? draft
  if (typeof result === 'object' && result !== null && isPlainObject(result)) {
    return deltaBetween(before, result as Record<string, unknown>)
  }
  throw new InputError(
    'DATA_INVALID',
    'The function given to `update` must answer synchronously: the new data, or nothing after changing what it got.',
  )
}

/** What crosses a sign-in: the listed keys of the previous session, then what the sign-in itself sets. */
export function carried(settings: Settings, previous: Uint8Array | undefined, delta: Delta): Uint8Array {
  const entries = previous === undefined ? new Map<string, string>() : decodeEntries(previous, settings.words)
  const kept: Entries = new Map([...entries].filter(([key]) => settings.carry.has(key)))
  return checked(settings, delta.apply(kept))
}

/** @throws InputError `DATA_NOT_JSON`, `DATA_TOO_LARGE`, `OPTION_INVALID` */
export function subjectAttributes(value: object, version: number, setAt: number): SubjectAttributes {
  if (!Number.isSafeInteger(version) || version < 1) {
    throw new InputError(
      'OPTION_INVALID',
      'attributes.version: write a whole number of at least 1 that grows with every change, such as a row version.',
    )
  }
  const json = jsonText(value, 'attributes')
  if (Buffer.byteLength(json) <= MOST_ATTRIBUTE_BYTES) return { version, setAt, json }
  throw new InputError(
    'DATA_TOO_LARGE',
    `Subject attributes take at most ${MOST_ATTRIBUTE_BYTES} bytes as JSON. Keep the rest in your own database.`,
  )
}

function checked(settings: Settings, entries: Entries): Uint8Array {
  if (settings.schema !== undefined) conforms(settings.schema, entriesToObject(entries))
  const bytes = encodeEntries(entries, settings.words)
  if (bytes.length <= settings.dataLimit) return bytes
  throw new InputError(
    'DATA_TOO_LARGE',
    `The session's data would take ${bytes.length} bytes, and \`data.limit\` allows ${settings.dataLimit}. Keep large things in your own database and their id in the session.`,
  )
}

function conforms(schema: NonNullable<Settings['schema']>, data: object): void {
  const result = schema['~standard'].validate(data)
  if (result instanceof Promise)
    throw new InputError(
      'DATA_INVALID',
      'The data schema answers with a promise. Session data is checked inside a commit; use a schema without asynchronous checks.',
    )
  if (result.issues === undefined) return
  const places = result.issues.map(
    (issue) =>
      (issue.path ?? []).map((part) => String(typeof part === 'object' ? part.key : part)).join('.') ||
      'the data',
  )
  throw new InputError(
    'DATA_INVALID',
    `The session's data does not fit the schema at: ${[...new Set(places)].join(', ')}. Nothing was stored.`,
  )
}
