/** A hot store with hands: it fails, waits and tells of changes on command, and says when its fence is up. */
import type { RosterKey, SessionNumber } from '../../core/ids.ts'
import type { ChangeFeed, ChangeListener, Fenced, ReadAnswer, SessionStore } from '../../core/store.ts'
import { turn } from '../../environment/turn.ts'
import {
  expecting,
  fakeEnvironment,
  type FakeEnvironment,
  type Faults,
  flakyStore,
  makeChange,
  makeHeader,
  makeNumber,
  makeRecord,
  makeRosterKey,
} from '../../testing/index.ts'
import { memoryStore } from '../memory/index.ts'
import { type NearOptions, type TieredStore, tieredStore } from './index.ts'

export const ROSTER: RosterKey = makeRosterKey(1)
export const NUMBER: SessionNumber = makeNumber(1)

export interface Tiers {
  readonly environment: FakeEnvironment
  readonly tiered: TieredStore
  /** The same data as other processes change it: this one is not told. */
  readonly elsewhere: SessionStore
  readonly faults: Faults
  /** What the feed says next. */
  readonly feed: ChangeListener
  /** Whether anybody listens to the feed. */
  readonly isWatched: () => boolean
  /** Lowered and raised. */
  readonly fence: { isUp: boolean }
  /** What `peek` answers, or `'ask'`. */
  readonly peek: (number?: SessionNumber) => ReadAnswer | 'ask'
  /** A figure by its short name. */
  readonly figure: (name: string) => number
}

export function tiers(near: NearOptions = {}): Tiers {
  const environment = fakeEnvironment()
  const elsewhere = memoryStore({ environment })
  const flaky = flakyStore(elsewhere, { environment })
  const listeners = new Set<ChangeListener>()
  const fence = { isUp: true }
  const capabilities: ChangeFeed & Fenced = {
    watchChanges(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    isConfirmed: () => fence.isUp,
  }
  const tiered = tieredStore({ near, hot: { ...flaky, ...capabilities }, environment })
  return {
    environment,
    tiered,
    elsewhere,
    faults: flaky.faults,
    fence,
    feed: {
      changed: (roster) => listeners.forEach((listener) => listener.changed(roster)),
      lost: () => listeners.forEach((listener) => listener.lost()),
    },
    isWatched: () => listeners.size > 0,
    peek: (number = NUMBER) => tiered.peek(ROSTER, number),
    figure(name) {
      const found = tiered.measures().find((measure) => measure.name === `sojourn.near.${name}`)
      if (found === undefined || found.kind === 'histogram') throw new Error(`There is no figure ${name}.`)
      return found.value
    },
  }
}

/** A roster with these sessions, put there by another process. */
export async function given(
  store: SessionStore,
  numbers: readonly SessionNumber[] = [NUMBER],
  roster: RosterKey = ROSTER,
): Promise<void> {
  const put = numbers.map((number) => makeRecord({ number }))
  await store.commit(roster, makeChange({ header: makeHeader(), put }))
}

/** The session's next version. */
export async function touched(store: SessionStore, version = 2): Promise<void> {
  const before = makeRecord({ version: version - 1 })
  const { records, incarnation, epoch } = expecting(makeHeader(), [before])
  const change = makeChange({ expect: { incarnation, epoch, records }, put: [makeRecord({ version })] })
  const answer = await store.commit(ROSTER, change)
  if (answer !== 'committed') throw new Error(`The touch came to ${answer}.`)
}

/** `version 2`, `no record`, `no roster`. */
export function said(answer: ReadAnswer | 'ask'): string {
  if (answer === undefined) return 'no roster'
  if (typeof answer === 'string') return answer
  return answer.record === undefined ? 'no record' : `version ${answer.record.version}`
}

/** Whether a promise has been answered by now. */
export async function isSettled(work: Promise<unknown>): Promise<boolean> {
  const pending = Symbol('pending')
  return (await Promise.race([work, turn().then(() => pending)])) !== pending
}
