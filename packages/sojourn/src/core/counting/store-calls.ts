/**
 * A store whose calls are counted: by operation and outcome, how long each took and how many have not come back.
 * What the caller gets is the store's own promise, so nothing comes later for being counted. `peek` is passed on and
 * not counted: it is no call, and on the path of every request.
 */
import type { Environment } from '../environment.ts'
import { SystemError } from '../errors.ts'
import type { Events, SessionEvents } from '../events.ts'
import { type Histogram, histogram, type Measure, type SelfMeasuring } from '../measures.ts'
import type { Roster, Unreadable } from '../roster.ts'
import {
  authorityOf,
  type ChangeFeed,
  type CopyingReads,
  type Fenced,
  isFenced,
  type ReadAnswer,
  readsSynchronously,
  type SessionStore,
  type SynchronousReads,
  tellsOfChanges,
  type VersionedDocuments,
} from '../store.ts'
import { type Tally, tally } from './tally.ts'
import { STORE_CODES } from './words.ts'

export const STORE_DURATION = 'sojourn.store.duration'

export interface StoreCalls extends SelfMeasuring {
  /** The store with every capability that it has, counted; several are counted together. */
  counted(store: SessionStore): SessionStore
}

type Operation = SessionEvents['store.called']['operation']

interface Line {
  readonly operation: Operation
  readonly outcomes: Tally
  readonly seconds: Histogram
}

export function storeCalls(parts: {
  readonly environment: Pick<Environment, 'monotonic'>
  readonly events: Events
  /** Of every measure. */
  readonly attributes: Readonly<Record<string, string>>
}): StoreCalls {
  const { environment, events, attributes } = parts
  const reads = line('read', ['ok', 'absent', 'unreadable'])
  const lists = line('list', ['ok', 'absent', 'unreadable'])
  const commits = line('commit', ['ok', 'conflict', 'gone', 'uncertain'])
  const documents = line('documents', ['ok', 'absent', 'conflict'])
  const pings = line('ping', ['ok'])
  let inFlight = 0

  function follow<T>(of: Line, call: () => Promise<T>, outcomeOf: (answer: T) => string): Promise<T> {
    const began = environment.monotonic()
    const back = (outcome: string): void => {
      inFlight--
      const seconds = (environment.monotonic() - began) / 1000
      of.outcomes.add(outcome)
      of.seconds.record(seconds)
      if (events.isHeard('store.called'))
        events.emit('store.called', { operation: of.operation, outcome, seconds })
    }
    inFlight++
    const answer = started(call)
    Promise.resolve(answer).then(
      (value) => back(outcomeOf(value)),
      (error: unknown) => back(codeOf(error)),
    )
    return answer
  }

  function counted(store: SessionStore): SessionStore {
    return {
      traits: store.traits,
      read: (roster, number) => follow(reads, () => store.read(roster, number), outcomeOfRead),
      list: (roster) => follow(lists, () => store.list(roster), outcomeOfRead),
      commit: (roster, change) => follow(commits, () => store.commit(roster, change), outcomeOfWrite),
      documents: countedDocuments(store.documents),
      ping: () => follow(pings, () => store.ping(), ok),
      close: () => store.close(),
      ...capabilitiesOf(store),
    }
  }

  function countedDocuments(of: VersionedDocuments): VersionedDocuments {
    return {
      get: (name) => follow(documents, () => of.get(name), outcomeOfRead),
      put: (name, expected, value) => follow(documents, () => of.put(name, expected, value), outcomeOfWrite),
      asOf: () => of.asOf?.(),
    }
  }

  function capabilitiesOf(
    store: SessionStore,
  ): Partial<SynchronousReads & CopyingReads & ChangeFeed & Fenced> {
    const authority = authorityOf(store)
    return {
      ...(readsSynchronously(store) && {
        peek: (roster, number, known) => store.peek(roster, number, known),
      }),
      ...(authority !== store && { authority: counted(authority) }),
      ...(tellsOfChanges(store) && { watchChanges: (listener) => store.watchChanges(listener) }),
      ...(isFenced(store) && { isConfirmed: (roster, now) => store.isConfirmed(roster, now) }),
    }
  }

  function measures(): readonly Measure[] {
    const calls = { name: 'sojourn.store.calls', description: CALLS, unit: '{call}' }
    const duration = { name: STORE_DURATION, description: DURATION, unit: 's' }
    const each = [reads, lists, commits, documents, pings].flatMap(({ operation, outcomes, seconds }) => {
      const own = { ...attributes, operation }
      return [
        ...outcomes.measures({ ...calls, attributes: own }, 'outcome'),
        seconds.measure({ ...duration, attributes: own }),
      ]
    })
    return [
      ...each,
      {
        name: 'sojourn.store.in_flight',
        description: IN_FLIGHT,
        unit: '{call}',
        kind: 'gauge',
        attributes,
        value: inFlight,
      },
    ]
  }

  return { counted, measures }
}

const CALLS = 'Store calls that came back, by what they answered or the code they failed with.'
const DURATION = 'How long store calls took, also those that nobody waited for any more.'
const IN_FLIGHT = 'Store calls that have not come back, also those that nobody waits for any more.'

function line(operation: Operation, answers: readonly string[]): Line {
  return { operation, outcomes: tally([...answers, ...STORE_CODES]), seconds: histogram() }
}

/** A call that throws at once is one that rejects. */
function started<T>(call: () => Promise<T>): Promise<T> {
  try {
    return call()
  } catch (error) {
    return Promise.reject(error)
  }
}

function outcomeOfRead(answer: ReadAnswer | Roster | Unreadable | object | undefined): string {
  if (answer === undefined) return 'absent'
  return typeof answer === 'string' ? 'unreadable' : 'ok'
}

function outcomeOfWrite(answer: string): string {
  return answer === 'committed' ? 'ok' : answer
}

function ok(): string {
  return 'ok'
}

/** Whatever else a store throws is taken for this everywhere. */
function codeOf(error: unknown): string {
  return error instanceof SystemError ? error.code : 'STORE_UNAVAILABLE'
}
