/**
 * Replies into headers and records. A value counts only when it decodes under its own address; anything else under a
 * roster's key was damaged or edited, and is `'damaged'` or `'newer'`. A reply that no Redis gives is an error.
 */
import { decodeHeader } from '../../core/codec/header.ts'
import { decodeRecord } from '../../core/codec/record.ts'
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
import { unexpectedReply } from './failures.ts'
import type { Reply } from './port.ts'

/** The field of the header. Numbers have eight characters, so none is it. */
export const HEADER = 'h'

/** From the reply to `HMGET <roster> h <number>`. **Cost**: 2 µs for decoding. */
export function readRecord(reply: Reply, roster: RosterKey, number: SessionNumber): ReadAnswer {
  const [headerValue, recordValue] = valuesIn(reply, 2)
  if (!headerValue) return undefined
  const header = decodeHeader(roster, headerValue)
  if (typeof header === 'string') return header
  if (!recordValue) return { header }
  const record = decodeRecord({ roster, incarnation: header.incarnation, number }, recordValue)
  return typeof record === 'string' ? { header, unreadable: record } : { header, record }
}

/** What `HGETALL` answers, by field. */
export type Fields = ReadonlyMap<string, Buffer>

export function fieldsIn(reply: Reply): Fields {
  const values = valuesIn(reply)
  const fields = new Map<string, Buffer>()
  for (let at = 0; at < values.length; at += 2) {
    const [field, value] = [values[at], values[at + 1]]
    if (!field || !value) throw unexpectedReply()
    fields.set(field.toString(), value)
  }
  return fields
}

/**
 * What counts in it is what `readRecord` would find, however many fields somebody else has added: this library writes
 * `MAX_RECORDS` at most. Of what is damaged no more than that is told at once, so that whoever clears it away has a
 * bounded change; the rest is told when that is gone.
 */
export function readRoster(fields: Fields, roster: RosterKey): Roster | Unreadable | undefined {
  const value = fields.get(HEADER)
  if (value === undefined) return undefined
  const header = decodeHeader(roster, value)
  return typeof header === 'string' ? header : rosterOf(header, fields, roster)
}

function rosterOf(header: RosterHeader, fields: Fields, roster: RosterKey): Roster {
  const records: StoredSession[] = []
  const unreadable: UnreadableRecord[] = []
  let damaged = 0
  for (const [field, value] of fields) {
    if (field === HEADER) continue
    const number = field as SessionNumber
    const record = decodeRecord({ roster, incarnation: header.incarnation, number }, value)
    if (typeof record !== 'string') records.push(record)
    else if (record === 'newer' || ++damaged <= MAX_RECORDS) unreadable.push({ number, why: record })
  }
  return { header, records, unreadable }
}

/** The values of an array reply, `null` where there is none. @throws SystemError `STORE_CORRUPT` */
export function valuesIn(reply: Reply, count?: number): readonly (Buffer | null)[] {
  if (!Array.isArray(reply) || (count !== undefined && reply.length !== count)) throw unexpectedReply()
  for (const value of reply) if (value !== null && !Buffer.isBuffer(value)) throw unexpectedReply()
  return reply as readonly (Buffer | null)[]
}
