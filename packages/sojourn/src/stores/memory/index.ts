/**
 * The reference implementation of the store contract: rosters in this process's memory, gone with it.
 * For one process, for development and for tests; and what every other store is compared with.
 *
 *     rosters    Map  roster key → { header, records: [record, …], keepUntil }
 *     documents  Map  name       → { version, value }
 *
 * Everything held is immutable (`core/frozen.ts`). A commit works out the next entry and sets it in one
 * synchronous step, so it applies wholly or not at all and no reader sees half of it. Records are a list
 * and not a `Map`: 130 bytes less for each roster, and as quick for the usual few (the last of 256: 3 µs).
 *
 * Bounded by `maxRosters`. What is over is dropped by writers in passing (`sweep.ts`); there is no timer.
 */
import type { Environment } from '../../core/environment.ts'
import { ConfigError, SystemError } from '../../core/errors.ts'
import { frozenHeader, frozenRecord } from '../../core/frozen.ts'
import type { RosterKey, SessionNumber } from '../../core/ids.ts'
import type { RosterHeader, StoredSession } from '../../core/roster.ts'
import type {
  CommitAnswer,
  ReadAnswer,
  RosterRead,
  RosterChange,
  SessionStore,
  StoreTraits,
  SynchronousReads,
  VersionedDocument,
} from '../../core/store.ts'
import { unknownKeys } from '../../core/policy/unknown-keys.ts'
import { systemEnvironment } from '../../environment/system.ts'
import { memoryDocuments } from './documents.ts'
import { disappointment } from './expectation.ts'
import { steppingSweep } from './sweep.ts'

export interface MemoryStoreOptions {
  /**
   * How many subjects and anonymous visitors may have sessions at once, a whole number of at least 1.
   * Default: 1,000,000, which takes about 1.4 GB when each has one session with 330 bytes of data.
   */
  readonly maxRosters?: number
  /** The clock by which rosters are dropped. Default: the system's. */
  readonly environment?: Environment
}

export type MemoryStore = SessionStore & SynchronousReads

/** What `peek` answers, with the entry that it was read from. */
interface Peeked extends RosterRead {
  readonly entry?: Entry
}

interface Entry {
  readonly header: RosterHeader
  readonly records: readonly StoredSession[]
  readonly keepUntil: number
}

const TRAITS: StoreTraits = { name: 'memory', writeClasses: ['fast'], shared: false, deviations: [] }
const DEFAULT_MAX_ROSTERS = 1_000_000
/** More than one create can add, so that dropping keeps ahead of creating. */
const SWEPT_PER_COMMIT = 8
/** Some 100 µs of looking before a create is refused. */
const SWEPT_WHEN_FULL = 2_000

/**
 * A store in this process's memory. `peek` always answers at once (after `close`, `'ask'`).
 *
 * A full store first looks for rosters that are over, then rejects whoever would add another with
 * `STORE_FULL` (retryable). Everything else still works, and so does a roster without records, which is
 * how a revocation is noted for a subject that has none.
 *
 * **Cost**: `peek` one map lookup and one small object; a commit about 1 µs per record it puts.
 * @throws ConfigError when `maxRosters` is not a whole number of at least 1
 */
export function memoryStore(options: MemoryStoreOptions = {}): MemoryStore {
  const { maxRosters = DEFAULT_MAX_ROSTERS, environment = systemEnvironment } = options
  assertOptions(options, maxRosters)
  const rosters = new Map<RosterKey, Entry>()
  const documents = new Map<string, VersionedDocument>()
  const sweep = steppingSweep(rosters, environment)
  let closed = false

  return {
    traits: TRAITS,
    documents: memoryDocuments(documents, assertOpen),
    peek,
    async read(roster, number) {
      assertOpen()
      const entry = rosters.get(roster)
      return entry && peeked(entry, number)
    },
    async list(roster) {
      assertOpen()
      const entry = rosters.get(roster)
      return entry && { header: entry.header, records: entry.records, unreadable: [] }
    },
    async commit(roster, change) {
      assertOpen()
      sweep(SWEPT_PER_COMMIT)
      return change.expect === 'absent' ? create(roster, change) : replace(roster, change)
    },
    async ping() {
      assertOpen()
    },
    async close() {
      closed = true
      rosters.clear()
      documents.clear()
    },
  }

  /** Absence after `close` is no answer: it would read as "signed out". */
  function peek(roster: RosterKey, number: SessionNumber, known?: Peeked): ReadAnswer | 'ask' {
    const entry = rosters.get(roster)
    if (entry === undefined) return closed ? 'ask' : undefined
    // An entry never changes: a commit puts another in its place.
    return known !== undefined && known.entry === entry ? known : peeked(entry, number)
  }

  function create(roster: RosterKey, change: RosterChange): CommitAnswer {
    if (rosters.has(roster)) return 'conflict'
    if (change.header === undefined || change.header === 'drop')
      throw new TypeError('A change that creates a roster brings its header.')
    if (change.put.length > 0) assertRoom()
    rosters.set(roster, nextEntry({ header: change.header, records: [], keepUntil: 0 }, change))
    return 'committed'
  }

  function replace(roster: RosterKey, change: RosterChange): CommitAnswer {
    const entry = rosters.get(roster)
    if (entry === undefined || change.expect === 'absent') return 'gone'
    const refused = disappointment(entry.header, entry.records, change.expect)
    if (refused !== undefined) return refused
    if (change.header === 'drop') rosters.delete(roster)
    else rosters.set(roster, nextEntry(entry, change))
    return 'committed'
  }

  function assertRoom(): void {
    if (rosters.size >= maxRosters) sweep(SWEPT_WHEN_FULL)
    if (rosters.size < maxRosters) return
    throw new SystemError(
      'STORE_FULL',
      `The memory store holds ${maxRosters} rosters; raise maxRosters or use a larger store.`,
      {
        retryable: true,
      },
    )
  }

  function assertOpen(): void {
    if (closed) throw new SystemError('CLOSED', 'The memory store has been closed.')
  }
}

function peeked(entry: Entry, number: SessionNumber): Peeked {
  const { header, records } = entry
  for (const record of records) if (record.number === number) return { header, record, entry }
  return { header, entry }
}

function nextEntry(entry: Entry, change: RosterChange): Entry {
  return {
    header:
      change.header === undefined || change.header === 'drop' ? entry.header : frozenHeader(change.header),
    records:
      change.put.length + change.remove.length === 0 ? entry.records : nextRecords(entry.records, change),
    keepUntil: Math.max(entry.keepUntil, change.keepUntil),
  }
}

function nextRecords(records: readonly StoredSession[], change: RosterChange): readonly StoredSession[] {
  const named = [...change.remove, ...change.put]
  const untouched = records.filter((record) => !named.some(({ number }) => number === record.number))
  // Not spread: that leaves room for 16 more, which is kept for as long as the session is.
  return Object.freeze(untouched.concat(change.put.map(frozenRecord)))
}

function assertOptions(options: MemoryStoreOptions, maxRosters: number): void {
  const problems = [...unknownKeys('', options, ['maxRosters', 'environment'])]
  if (!Number.isSafeInteger(maxRosters) || maxRosters < 1) {
    problems.push({
      path: 'maxRosters',
      message: 'Write how many rosters to keep: a whole number of at least 1.',
    })
  }
  if (problems.length > 0) throw new ConfigError(problems)
}
