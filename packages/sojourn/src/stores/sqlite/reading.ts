/**
 * Rows into headers and records. A value counts only when it decodes under its own address, a header only when it
 * says the same as realm and subject beside it; otherwise the file was damaged or edited, and it is `'damaged'`.
 */
import { decodeHeader } from '../../core/codec/header.ts'
import { decodeRecord, type RecordPlace } from '../../core/codec/record.ts'
import type { RosterKey, SessionNumber } from '../../core/ids.ts'
import {
  MAX_RECORDS,
  type Roster,
  type RosterHeader,
  type StoredSession,
  type Unreadable,
  type UnreadableRecord,
} from '../../core/roster.ts'
import type { ReadAnswer } from '../../core/store.ts'
import type { Row, Statements } from './statements.ts'

/** Where the columns of a session begin in a row of `read` and `listEach`. */
const SESSION = 3
const NUMBER = 0
const RECORD = 1
/** All of them, in a row of `list`. */
const RECORDS = 3
const NUMBER_LENGTH = 8

/** **Cost**: one statement on an open connection, about 4 µs, and 2 µs for decoding. */
export function readRecord(statements: Statements, roster: RosterKey, number: SessionNumber): ReadAnswer {
  const row = statements.read.first(number, roster)
  if (row === undefined) return undefined
  const header = headerIn(row, roster)
  if (typeof header === 'string') return header
  if (row[SESSION + RECORD] === null) return { header }
  const record = recordIn(row, SESSION, { roster, incarnation: header.incarnation, number })
  return typeof record === 'string' ? { header, unreadable: record } : { header, record }
}

/**
 * What counts in it is what `readRecord` would find, however many rows somebody else has added: this library writes
 * `MAX_RECORDS` at most. Of what is damaged no more than that is told at once, so that whoever clears it away has a
 * bounded change; the rest is told when that is gone.
 *
 * **Cost**: one statement, about 20 µs for ten sessions without data; a second one when they take more than 8 KiB.
 */
export function readRoster(statements: Statements, roster: RosterKey): Roster | Unreadable | undefined {
  const row = statements.list.first(roster)
  if (row === undefined) return undefined
  const header = headerIn(row, roster)
  if (typeof header === 'string') return header
  const records = recordsIn(row[RECORDS], { roster, incarnation: header.incarnation })
  return records === undefined ? readEach(statements, roster) : { header, records, unreadable: [] }
}

/** `undefined` when there is more to say about a record than the text does. */
function recordsIn(text: unknown, place: RecordPlace): readonly StoredSession[] | undefined {
  if (typeof text !== 'string') return undefined
  const records: StoredSession[] = []
  for (let at = 0; at < text.length; ) {
    const comma = text.indexOf(',', at + NUMBER_LENGTH)
    const end = comma === -1 ? text.length : comma
    const number = text.slice(at, at + NUMBER_LENGTH) as SessionNumber
    const value = Buffer.from(text.slice(at + NUMBER_LENGTH, end), 'hex')
    const record = decodeRecord({ ...place, number }, value)
    if (typeof record === 'string') return undefined
    records.push(record)
    at = end + 1
  }
  return records
}

function readEach(statements: Statements, roster: RosterKey): Roster | Unreadable | undefined {
  const [first, ...rows] = statements.listEach.all(roster, roster)
  const header = first && headerIn(first, roster)
  if (header === undefined || typeof header === 'string') return header
  const records: StoredSession[] = []
  const unreadable: UnreadableRecord[] = []
  let damaged = 0
  for (const row of rows) {
    const number = row[SESSION + NUMBER] as SessionNumber
    const record = recordIn(row, SESSION, { roster, incarnation: header.incarnation, number })
    if (typeof record !== 'string') records.push(record)
    else if (record === 'newer' || ++damaged <= MAX_RECORDS) unreadable.push({ number, why: record })
  }
  return { header, records, unreadable }
}

/** From a row that begins with header, realm, subject. */
export function headerIn(row: Row, roster: RosterKey): RosterHeader | Unreadable {
  const [value, realm, subject] = row
  if (!(value instanceof Uint8Array)) return 'damaged'
  const header = decodeHeader(roster, value)
  if (typeof header === 'string') return header
  const isAsSaid = realm === searchable(header.realm) && subject === searchableOrNull(header.subject)
  return isAsSaid ? header : 'damaged'
}

/** From a row in which number and record stand from `at` on. The other columns of a session are for searching only. */
export function recordIn(
  row: Row,
  at: number,
  place: RecordPlace & { readonly number: SessionNumber },
): StoredSession | Unreadable {
  const value = row[at + RECORD]
  if (!(value instanceof Uint8Array)) return 'damaged'
  return decodeRecord(place, value)
}

/** Text as its column holds it. Node 22 reads a text column up to the first NUL only, so there is none in it. */
export function searchable(text: string): string {
  return text.includes('\0') ? text.replaceAll('\0', '\uFFFD') : text
}

export function searchableOrNull(text: string | undefined): string | null {
  return text === undefined ? null : searchable(text)
}
