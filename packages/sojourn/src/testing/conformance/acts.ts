/** The steps that rules are told in: create a roster, change it, look at all of it. */
import assert from 'node:assert/strict'
import type { RosterKey, SessionNumber } from '../../core/ids.ts'
import type { Roster, RosterHeader, StoredSession } from '../../core/roster.ts'
import type { ReadAnswer, RosterChange, RosterRead, SessionStore } from '../../core/store.ts'
import { makeChange, makeCommitId, makeHeader, makeNumber, makeRecord } from '../builders.ts'

export interface Given {
  readonly header: RosterHeader
  readonly records: readonly StoredSession[]
}

/** Creates a roster with `records` (default: sessions 1 and 2). */
export async function given(
  store: SessionStore,
  key: RosterKey,
  parts: Partial<Given & { keepUntil: number }> = {},
): Promise<Given> {
  const {
    header = makeHeader(),
    records = [makeRecord(), makeRecord({ number: makeNumber(2) })],
    keepUntil,
  } = parts
  const change = makeChange({ header, put: records, ...(keepUntil === undefined ? {} : { keepUntil }) })
  assert.equal(await store.commit(key, change), 'committed', 'a roster could not be created')
  return { header, records }
}

/** A touch: puts the next version of one record, expecting this one. */
export function touchOf(
  header: RosterHeader,
  record: StoredSession,
  fields: Partial<StoredSession> = {},
): RosterChange {
  const { incarnation, epoch } = header
  return makeChange({
    expect: { incarnation, epoch, records: [{ number: record.number, version: record.version }] },
    put: [{ ...record, version: record.version + 1, seenAt: record.seenAt + 60_000, ...fields }],
  })
}

/** A change of the header, expecting this one. */
export function headerChangeOf(
  header: RosterHeader,
  fields: Partial<RosterHeader>,
): RosterChange & { readonly header: RosterHeader } {
  const { incarnation, epoch, version } = header
  const next = { ...header, version: version + 1, lastCommit: makeCommitId(version + 1), ...fields }
  return {
    ...makeChange({ expect: { incarnation, epoch, rosterVersion: version, records: [] } }),
    header: next,
  }
}

/** Removes one record for `'expired'`, expecting its version. */
export function removalOf(header: RosterHeader, record: StoredSession): RosterChange {
  const { number, version, absoluteDeadline } = record
  return makeChange({
    expect: { incarnation: header.incarnation, epoch: header.epoch, records: [{ number, version }] },
    remove: [{ number, why: 'expired', absoluteDeadline }],
  })
}

export async function apply(store: SessionStore, key: RosterKey, change: RosterChange): Promise<void> {
  assert.equal(
    await store.commit(key, change),
    'committed',
    'a change that expects what is there was not committed',
  )
}

/** The roster, which must be there and readable; records in order of number. */
export async function rosterOf(store: SessionStore, key: RosterKey): Promise<Roster> {
  const roster = await store.list(key)
  assert.ok(roster !== undefined, 'there is no roster')
  assert.ok(typeof roster === 'object', 'the roster is unreadable')
  const records = byNumber(roster.records)
  return { header: roster.header, records, unreadable: roster.unreadable }
}

/** What `read` answers, which must be a header. */
export async function readOf(
  store: SessionStore,
  key: RosterKey,
  number: SessionNumber,
): Promise<RosterRead> {
  return readable(await store.read(key, number))
}

function readable(answer: ReadAnswer): RosterRead {
  assert.ok(answer !== undefined, 'there is no roster')
  assert.ok(typeof answer === 'object', 'the roster is unreadable')
  return answer
}

/** The record, which must be there. */
export async function recordOf(
  store: SessionStore,
  key: RosterKey,
  number: SessionNumber,
): Promise<StoredSession> {
  const { record } = await readOf(store, key, number)
  assert.ok(record !== undefined, `there is no record ${number}`)
  return record
}

/** The roster is exactly this, by `list` and by `read` of each record. */
export async function assertRoster(store: SessionStore, key: RosterKey, expected: Given): Promise<void> {
  const found = await rosterOf(store, key)
  const sorted = byNumber(expected.records)
  assert.deepEqual(found.header, expected.header)
  assert.deepEqual(found.records.map(comparable), sorted.map(comparable))
  assert.deepEqual(found.unreadable, [])
  for (const record of sorted) assertSame(await recordOf(store, key, record.number), record)
}

export async function assertAbsent(store: SessionStore, key: RosterKey): Promise<void> {
  assert.equal(await store.list(key), undefined, 'list answers a roster that should not be there')
  assert.equal(
    await store.read(key, makeNumber(1)),
    undefined,
    'read answers a roster that should not be there',
  )
}

function assertSame(found: StoredSession, expected: StoredSession): void {
  assert.deepEqual(comparable(found), comparable(expected))
}

function byNumber(records: readonly StoredSession[]): readonly StoredSession[] {
  return records.toSorted((a, b) => (a.number < b.number ? -1 : 1))
}

/** Bytes as text, so that a `Buffer` and a `Uint8Array` of the same bytes are equal. */
export function comparable(record: StoredSession): unknown {
  const { grace } = record
  return { ...record, data: hex(record.data), grace: grace && { ...grace, sealed: hex(grace.sealed) } }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')
}
