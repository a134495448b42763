/**
 * Tiers of stores as one store. Today there are two: `near`, a bounded cache of decoded records in this process, and
 * `hot`, the store behind it, which is the authority.
 *
 *     read, peek         near, else one read of hot, shared by all who miss at once (`flights.ts`)
 *     list, documents    hot
 *     commit             hot; near forgets the roster before the commit is sent and again when it is answered
 *
 * A copy is used for at most the lease, counted from sending the read it came from, by whichever clock says more
 * (`copies.ts`), and only while the hot store's fence confirms its roster. What the hot store tells of other processes'
 * changes ends a copy sooner; no promise rests on it.
 */
import type { Environment } from '../../core/environment.ts'
import { measuresItself, type SelfMeasuring } from '../../core/measures.ts'
import type { Duration } from '../../core/policy/duration.ts'
import {
  type CopyingReads,
  isFenced,
  type SessionStore,
  type StoreTraits,
  type SynchronousReads,
  tellsOfChanges,
} from '../../core/store.ts'
import { systemEnvironment } from '../../environment/system.ts'
import { createCopies } from './copies.ts'
import { newFigures, nearMeasures } from './figures.ts'
import { createFlights } from './flights.ts'
import { readTieredOptions } from './options.ts'

export interface TieredStoreOptions {
  /** What is kept in this process. */
  readonly near?: NearOptions
  /** The store behind, shared by all processes. `close` closes it. */
  readonly hot: SessionStore
  /** Clocks and timers. Default: the system's. */
  readonly environment?: Environment
}

export interface NearOptions {
  /** Most copies, a whole number of at least 1; each is a header and a record. Default: 100,000. */
  readonly entries?: number
  /** Longest that a copy is used, 10 ms to 5 s: how late a revocation made elsewhere may be seen. Default `'5s'`. */
  readonly lease?: Duration
  /** Longest that an absence is remembered, up to the lease; `'0s'`: not at all. Default `'1s'`, or the lease if that is shorter. */
  readonly negative?: Duration
}

export type TieredStore = SessionStore & SynchronousReads & CopyingReads & SelfMeasuring

/**
 * A near cache in front of `hot`. What it answers may be late by the lease; `authority` is the hot store itself.
 *
 * **Cost**: a hit is one map lookup and a look at both clocks, and answers `peek` at once; a miss is one read of `hot`.
 * @throws ConfigError listing every problem
 */
export function tieredStore(options: TieredStoreOptions): TieredStore {
  const { entries, leaseMs, negativeMs } = readTieredOptions(options)
  const { hot, environment = systemEnvironment } = options
  const figures = newFigures()
  const copies = createCopies({
    environment,
    figures,
    entries,
    leaseMs,
    negativeMs,
    fence: isFenced(hot) ? hot : undefined,
  })
  const flights = createFlights({ hot, environment, figures, copies, leaseMs })
  const stop = tellsOfChanges(hot)
    ? hot.watchChanges({
        changed(roster) {
          figures.invalidations++
          flights.forget(roster)
        },
        lost() {
          figures.flushes++
          flights.flush()
        },
      })
    : undefined

  return {
    traits: traitsOver(hot.traits),
    authority: hot,
    documents: hot.documents,
    peek(roster, number) {
      const copy = copies.find(roster, number)
      return copy === undefined ? 'ask' : copy.answer
    },
    read: (roster, number) => flights.read(roster, number),
    list: (roster) => hot.list(roster),
    async commit(roster, change) {
      flights.forget(roster)
      try {
        return await hot.commit(roster, change)
      } finally {
        flights.forget(roster)
      }
    },
    ping: () => hot.ping(),
    async close() {
      stop?.()
      flights.flush()
      await hot.close()
    },
    measures: () => [
      ...nearMeasures({ figures, copies: copies.count, environment }),
      ...(measuresItself(hot) ? hot.measures() : []),
    ],
  }
}

function traitsOver(hot: StoreTraits): StoreTraits {
  const late = {
    rule: 'STORE-56',
    because:
      'What another process commits is read here at the latest when the lease ends; `authority` reads it at once.',
  }
  const deviations = hot.shared ? [...hot.deviations, late] : hot.deviations
  return { ...hot, name: `tiered(near, ${hot.name})`, deviations }
}
