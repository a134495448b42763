/**
 * What a change expects, held against what is there; see `core/store.ts`. Comparison is with the decoded
 * values, never with the search columns. A damaged record counts as absent.
 */
import type { RecordPlace } from '../../core/codec/record.ts'
import type { RosterKey, SessionNumber } from '../../core/ids.ts'
import type { RosterHeader, StoredSession, Unreadable } from '../../core/roster.ts'
import type { RecordExpectation, RosterChange, RosterExpectation } from '../../core/store.ts'
import { recordIn } from './reading.ts'
import type { Statements } from './statements.ts'

/** A change and the roster it is for. */
export interface NamedChange {
  readonly roster: RosterKey
  readonly change: RosterChange
}

/** Every record that a change names: what it is, why it cannot be read, or `undefined`. */
export type FoundRecords = ReadonlyMap<SessionNumber, StoredSession | Unreadable | undefined>

/** Looks up every record that the change expects, puts or removes. */
export function findRecords(
  statements: Statements,
  { roster, change }: NamedChange,
  expect: RosterExpectation,
): FoundRecords {
  const found = new Map<SessionNumber, StoredSession | Unreadable | undefined>()
  for (const list of [expect.records, change.put, change.remove]) {
    for (const { number } of list) {
      if (!found.has(number))
        found.set(number, findRecord(statements, { roster, incarnation: expect.incarnation, number }))
    }
  }
  return found
}

function findRecord(
  statements: Statements,
  place: RecordPlace & { readonly number: SessionNumber },
): StoredSession | Unreadable | undefined {
  const row = statements.findRecord.first(place.roster, place.number)
  return row && recordIn(row, 0, place)
}

/** `undefined`: everything is as expected. */
export function disappointment(
  header: RosterHeader,
  records: FoundRecords,
  expect: RosterExpectation,
): 'gone' | 'conflict' | undefined {
  if (header.epoch !== expect.epoch) return 'conflict'
  if (expect.rosterVersion !== undefined && header.version !== expect.rosterVersion) return 'conflict'
  return expect.records.every((expected) => isAsExpected(records.get(expected.number), expected))
    ? undefined
    : 'conflict'
}

function isAsExpected(record: StoredSession | Unreadable | undefined, expected: RecordExpectation): boolean {
  if (record === undefined || record === 'damaged') return expected.version === 'absent'
  if (record === 'newer' || record.version !== expected.version) return false
  return expected.privilege === undefined || record.privilege === expected.privilege
}

/**
 * What a later version wrote is not replaced. Dropping a roster is no rewriting: whoever may end a subject's
 * sessions may end those too.
 */
export function refusedRewrite(records: FoundRecords, change: RosterChange): 'conflict' | undefined {
  const named = change.header === 'drop' ? [] : [...change.put, ...change.remove]
  return named.some(({ number }) => records.get(number) === 'newer') ? 'conflict' : undefined
}
