/**
 * A `RosterChange` held against what the file holds, and applied. Runs inside a write transaction, so what it
 * looks at cannot change under it.
 *
 * What cannot be read is treated by one rule: `damaged` counts as absent and goes into quarantine when
 * something takes its place; `newer` was written by a later version of this software and is never rewritten.
 */
import { encodeHeader } from '../../core/codec/header.ts'
import { encodeRecord } from '../../core/codec/record.ts'
import { MAX_VALUE_BYTES } from '../../core/codec/frame.ts'
import { InputError } from '../../core/errors.ts'
import { type Incarnation, NO_INCARNATION, type RosterKey } from '../../core/ids.ts'
import { MAX_RECORDS, type RosterHeader, type StoredSession } from '../../core/roster.ts'
import type { RosterChange } from '../../core/store.ts'
import {
  disappointment,
  type FoundRecords,
  findRecords,
  type NamedChange,
  refusedRewrite,
} from './expectation.ts'
import { headerIn, searchable, searchableOrNull } from './reading.ts'
import type { Statements } from './statements.ts'

const HOUR_MS = 3_600_000
const MOST_QUARANTINED = 1_000

/** A change with everything encoded that it puts, so that the lock is held for the writing only. */
export interface PreparedChange extends NamedChange {
  readonly header: Buffer | undefined
  readonly records: readonly { readonly session: StoredSession; readonly value: Buffer }[]
  readonly keepHour: number
  /** For quarantine, epoch milliseconds. */
  readonly now: number
}

/**
 * @throws InputError `DATA_TOO_LARGE` for a value that no reader would look at
 * @throws TypeError for a change that creates a roster without a header
 */
export function prepareChange(roster: RosterKey, change: RosterChange, now: number): PreparedChange {
  const { header, put, expect, keepUntil } = change
  if (expect === 'absent' && header === undefined) {
    throw new TypeError('A change that creates a roster brings its header.')
  }
  const place = { roster, incarnation: incarnationAfter(change) }
  return {
    roster,
    change,
    header: header === undefined || header === 'drop' ? undefined : bounded(encodeHeader(roster, header)),
    records: put.map((session) => ({ session, value: bounded(encodeRecord(place, session)) })),
    keepHour: Math.ceil(keepUntil / HOUR_MS),
    now,
  }
}

/** A change leaves the roster in the incarnation that it found, or brings one. */
function incarnationAfter({ expect, header }: RosterChange): Incarnation {
  if (expect !== 'absent') return expect.incarnation
  return header === undefined || header === 'drop' ? NO_INCARNATION : header.incarnation
}

/** `'committed'`: applied, commit the transaction. Anything else changed nothing. */
export function applyChange(
  statements: Statements,
  prepared: PreparedChange,
): 'committed' | 'conflict' | 'gone' {
  const { roster, change } = prepared
  const row = statements.findHeader.first(roster)
  const header = row && headerIn(row, roster)
  if (header === 'newer') return 'conflict'
  if (change.expect === 'absent') return create(statements, prepared, header)
  if (header === undefined || header === 'damaged') return 'gone'
  if (header.incarnation !== change.expect.incarnation) return 'gone'
  const records = findRecords(statements, prepared, change.expect)
  const refused = disappointment(header, records, change.expect) ?? refusedRewrite(records, change)
  if (refused !== undefined) return refused
  if (change.header === 'drop') remove(statements, roster)
  else update(statements, prepared, { header, keepHour: row?.[3], records })
  return 'committed'
}

function create(
  statements: Statements,
  prepared: PreparedChange,
  present: RosterHeader | 'damaged' | undefined,
): 'committed' | 'conflict' {
  const { roster, change } = prepared
  if (present !== undefined && present !== 'damaged') return 'conflict'
  quarantineAll(statements, prepared)
  if (change.header === 'drop' || change.header === undefined) return 'committed'
  const { realm, subject } = change.header
  statements.insertRoster.run(
    roster,
    searchable(realm),
    searchableOrNull(subject),
    prepared.keepHour,
    prepared.header ?? null,
  )
  putRecords(statements, prepared)
  return 'committed'
}

/** Nothing of what is left under the key may become part of the new roster: it may be under the same epoch. */
function quarantineAll(statements: Statements, { roster, now }: PreparedChange): void {
  const headers = statements.quarantineHeader.run(now, roster)
  const records = statements.quarantineRecords.run(now, roster, MAX_RECORDS)
  if (headers + records === 0) return
  statements.trimQuarantine.run(MOST_QUARANTINED)
  remove(statements, roster)
}

function remove(statements: Statements, roster: RosterKey): void {
  statements.deleteRecords.run(roster)
  statements.deleteRoster.run(roster)
}

interface Present {
  readonly header: RosterHeader
  readonly keepHour: unknown
  readonly records: FoundRecords
}

function update(statements: Statements, prepared: PreparedChange, present: Present): void {
  const { roster, change, keepHour } = prepared
  quarantineDamaged(statements, prepared, present.records)
  for (const { number } of change.remove) statements.deleteRecord.run(roster, number)
  putRecords(statements, prepared)
  if (prepared.header !== undefined) updateHeader(statements, prepared, present.header)
  if (!(keepHour <= Number(present.keepHour))) statements.raiseKeepHour.run(keepHour, roster)
}

function quarantineDamaged(
  statements: Statements,
  { roster, now }: PreparedChange,
  records: FoundRecords,
): void {
  for (const [number, record] of records) {
    if (record !== 'damaged') continue
    statements.quarantineRecord.run(now, roster, number)
    statements.trimQuarantine.run(MOST_QUARANTINED)
  }
}

function updateHeader(
  statements: Statements,
  { roster, change, header }: PreparedChange,
  before: RosterHeader,
): void {
  if (change.header === undefined || change.header === 'drop' || header === undefined) return
  statements.updateHeader.run(header, roster)
  const { realm, subject } = change.header
  if (realm !== before.realm || subject !== before.subject)
    statements.updateSubject.run(searchable(realm), searchableOrNull(subject), roster)
}

function putRecords(statements: Statements, { roster, records }: PreparedChange): void {
  for (const { session, value } of records) {
    const { number, device, createdAt, authenticatedAt, seenAt, idleDeadline, absoluteDeadline } = session
    const label = searchable(device.label)
    const address = searchable(device.address)
    statements.putRecord.run(
      roster,
      number,
      address,
      label,
      createdAt,
      authenticatedAt,
      seenAt,
      idleDeadline,
      absoluteDeadline,
      value,
    )
  }
}

function bounded(value: Buffer): Buffer {
  if (value.length <= MAX_VALUE_BYTES) return value
  throw new InputError(
    'DATA_TOO_LARGE',
    `An encoded session or header may take ${MAX_VALUE_BYTES} bytes; this one takes ${value.length}. Nothing was stored.`,
  )
}
