/**
 * The one place where a change of a roster becomes a `RosterChange`: what is put, what is removed, and what
 * must still be true for it to apply. Rules never write expectations themselves, so none can forget one.
 */
import type { CommitId } from '../ids.ts'
import { keepSessionUntil } from '../policy/lifetimes.ts'
import type { StoredSession } from '../roster.ts'
import type { EndedSession, RosterView } from '../rules/rule.ts'
import type {
  RecordExpectation,
  RemovedRecord,
  RosterChange,
  RosterExpectation,
  WriteClass,
} from '../store.ts'

export interface DifferenceOptions {
  readonly id: CommitId
  readonly writeClass: WriteClass
  readonly ended: readonly EndedSession[]
  /** Until when a header without sessions must outlive sign-ins that are in flight. */
  readonly keepHeaderUntil: number
}

/** `undefined` when nothing changed. */
export function difference(
  before: RosterView | undefined,
  after: RosterView | undefined,
  options: DifferenceOptions,
): RosterChange | undefined {
  if (after === before) return undefined
  const put = changedSessions(before, after).map((session) => ({
    ...session,
    version: versionOf(before, session) + 1,
    lastCommit: options.id,
  }))
  const remove = before === undefined ? [] : removedRecords(before, options.ended)
  const membership = remove.length > 0 || put.some((session) => before?.sessions.has(session.number) !== true)
  const common = {
    id: options.id,
    put,
    remove,
    keepUntil: keepUntil(put, options.keepHeaderUntil),
    writeClass: options.writeClass,
  }
  if (before === undefined) {
    return after === undefined
      ? undefined
      : { ...common, expect: 'absent', header: { ...after.header, version: 1, lastCommit: options.id } }
  }
  if (after === undefined)
    return { ...common, expect: expectation(before, [], options.ended, true), header: 'drop' }
  const headerChanges = membership || after.header !== before.header
  const expect = expectation(before, put, options.ended, headerChanges)
  if (!headerChanges) return put.length === 0 ? undefined : { ...common, expect }
  return {
    ...common,
    expect,
    header: { ...after.header, version: before.header.version + 1, lastCommit: options.id },
  }
}

function changedSessions(
  before: RosterView | undefined,
  after: RosterView | undefined,
): readonly StoredSession[] {
  return after === undefined
    ? []
    : [...after.sessions.values()].filter((session) => before?.sessions.get(session.number) !== session)
}

function versionOf(before: RosterView | undefined, session: StoredSession): number {
  return before?.sessions.get(session.number)?.version ?? 0
}

/** A session that came and went inside one fold was never stored. */
function removedRecords(before: RosterView, ended: readonly EndedSession[]): readonly RemovedRecord[] {
  return ended
    .filter(({ number }) => before.sessions.has(number) || before.damaged.includes(number))
    .map(({ number, session, why }) => ({ number, why, absoluteDeadline: session?.absoluteDeadline ?? 0 }))
}

function expectation(
  before: RosterView,
  put: readonly StoredSession[],
  ended: readonly EndedSession[],
  headerChanges: boolean,
): RosterExpectation {
  const records: RecordExpectation[] = put.map(({ number }) => {
    const known = before.sessions.get(number)
    return known === undefined
      ? { number, version: 'absent' }
      : { number, version: known.version, privilege: known.privilege }
  })
  for (const { number, why } of ended) {
    const known = before.sessions.get(number)
    if (why === 'expired' && known !== undefined) records.push({ number, version: known.version })
  }
  const { incarnation, epoch, version } = before.header
  return headerChanges
    ? { incarnation, epoch, rosterVersion: version, records }
    : { incarnation, epoch, records }
}

function keepUntil(put: readonly StoredSession[], keepHeaderUntil: number): number {
  const latest = put.reduce((until, session) => Math.max(until, keepSessionUntil(session)), keepHeaderUntil)
  if (Number.isFinite(latest)) return latest
  throw new TypeError(
    `This change would be kept until ${latest}, and no store can keep that. Look at \`now\` of the environment, which must answer epoch milliseconds.`,
  )
}
