/** What a change expects, held against what is there; see `core/store.ts`. A damaged record counts as absent. */
import type { RecordExpectation, RosterChange, RosterExpectation } from '../../core/store.ts'
import { type OpenedItem, recordIn } from './reading.ts'

/** `undefined`: everything is as expected, and nothing stands in the way that a later version wrote. */
export function refusalOf(
  opened: OpenedItem,
  expect: RosterExpectation,
  change: RosterChange,
): 'gone' | 'conflict' | undefined {
  const { header } = opened
  if (header.incarnation !== expect.incarnation) return 'gone'
  if (header.epoch !== expect.epoch) return 'conflict'
  if (expect.rosterVersion !== undefined && header.version !== expect.rosterVersion) return 'conflict'
  const isFitting = expect.records.every((expected) => isAsExpected(opened, expected))
  return isFitting && !rewritesNewer(opened, change) ? undefined : 'conflict'
}

function isAsExpected(opened: OpenedItem, { number, version, privilege }: RecordExpectation): boolean {
  const record = recordIn(opened, number)
  if (record === undefined || record === 'damaged') return version === 'absent'
  if (record === 'newer' || record.version !== version) return false
  return privilege === undefined || record.privilege === privilege
}

/** Dropping a roster is no rewriting: whoever may end a subject's sessions may end newer ones too. */
function rewritesNewer(opened: OpenedItem, { header, put, remove }: RosterChange): boolean {
  if (header === 'drop') return false
  return [...put, ...remove].some(({ number }) => recordIn(opened, number) === 'newer')
}
