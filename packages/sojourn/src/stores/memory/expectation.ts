/** What a change expects, held against what is there. Every expectation is a guard of its own; see `core/store.ts`. */
import type { RosterHeader, StoredSession } from '../../core/roster.ts'
import type { RecordExpectation, RosterExpectation } from '../../core/store.ts'

/** `undefined`: everything is as expected. */
export function disappointment(
  header: RosterHeader,
  records: readonly StoredSession[],
  expect: RosterExpectation,
): 'gone' | 'conflict' | undefined {
  if (header.incarnation !== expect.incarnation) return 'gone'
  if (header.epoch !== expect.epoch) return 'conflict'
  if (expect.rosterVersion !== undefined && header.version !== expect.rosterVersion) return 'conflict'
  return expect.records.every((expected) => isAsExpected(records, expected)) ? undefined : 'conflict'
}

function isAsExpected(records: readonly StoredSession[], expected: RecordExpectation): boolean {
  const record = records.find(({ number }) => number === expected.number)
  if (record === undefined || expected.version === 'absent')
    return record === undefined && expected.version === 'absent'
  if (record.version !== expected.version) return false
  return expected.privilege === undefined || record.privilege === expected.privilege
}
