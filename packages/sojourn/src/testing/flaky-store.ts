/**
 * A store that fails on command, around one that works: outages, lost answers, held calls. It is itself a
 * store, so everything that takes one can be tested against it.
 */
import type { Environment } from '../core/environment.ts'
import { SystemError } from '../core/errors.ts'
import {
  authorityOf,
  type CommitAnswer,
  readsSynchronously,
  type SessionStore,
  type SynchronousReads,
} from '../core/store.ts'
import { FaultList, type Faults, type StoreOperation } from './fault-script.ts'
import { type HoldingGate, holdingGate } from './gate.ts'

export interface FlakyStoreOptions {
  /** Whose clock `delay` waits by. Default: none, and `delay` throws. */
  readonly environment?: Environment
  /** Lets a `peek` through to the store, past all faults. Default: it answers `'ask'`, so that every read meets them. */
  readonly peek?: boolean
}

export type FlakyStore = SessionStore & SynchronousReads & { readonly faults: Faults }

/** `store` with `faults` in front of every call; without a fault it behaves as the store itself. */
export function flakyStore(store: SessionStore, options: FlakyStoreOptions = {}): FlakyStore {
  const list = new FaultList()
  const calls = { read: 0, list: 0, commit: 0, 'documents.get': 0, 'documents.put': 0, ping: 0 }
  const call = async <T>(operation: StoreOperation, act: () => Promise<T>): Promise<T> => {
    calls[operation] += 1
    const detour = list.take(operation)
    return detour === undefined ? act() : detour(act)
  }
  const reads = (of: SessionStore): Pick<SessionStore, 'read' | 'list'> & SynchronousReads => ({
    peek: (...place) => (options.peek === true && readsSynchronously(of) ? of.peek(...place) : 'ask'),
    read: (roster, number) => call('read', () => of.read(roster, number)),
    list: (roster) => call('list', () => of.list(roster)),
  })
  const authority = authorityOf(store)
  return {
    traits: store.traits,
    ...(authority === store ? {} : { authority: { ...authority, ...reads(authority) } }),
    faults: faultsOf(list, calls, options.environment),
    ...reads(store),
    commit: (roster, change) => call('commit', () => store.commit(roster, change)),
    documents: {
      get: (name) => call('documents.get', () => store.documents.get(name)),
      put: (name, expected, value) => call('documents.put', () => store.documents.put(name, expected, value)),
    },
    ping: () => call('ping', () => store.ping()),
    close: () => store.close(),
  }
}

function faultsOf(list: FaultList, calls: Faults['calls'], environment: Environment | undefined): Faults {
  const gates: HoldingGate[] = []
  return {
    calls,
    fail: ({ error = outage(), ...scope } = {}) => list.add(scope, () => Promise.reject(error)),
    failAfter: ({ error = outage(), ...scope } = {}) =>
      list.add(scope, async (act) => {
        await act()
        throw error
      }),
    uncertain: (scope = {}) =>
      list.add({ ...scope, on: 'commit' }, async <T>(act: () => Promise<T>) => asUncertain(await act())),
    hang: (scope = {}) => list.add(scope, () => new Promise(() => {})),
    delay: (ms, scope = {}) => {
      if (environment === undefined)
        throw new TypeError('A delay needs a clock: pass `environment` to flakyStore.')
      list.add(scope, (act) =>
        new Promise<void>((goOn) => environment.after(ms, goOn, { awaited: true })).then(act),
      )
    },
    hold: ({ at = 'call', ...scope } = {}) => {
      const gate = holdingGate()
      gates.push(gate)
      list.add(scope, at === 'call' ? (act) => gate.pass().then(act) : (act) => heldAnswer(act, gate))
      return gate
    },
    heal: () => {
      list.clear()
      for (const gate of gates.splice(0)) gate.release()
    },
  }
}

async function heldAnswer<T>(act: () => Promise<T>, gate: HoldingGate): Promise<T> {
  try {
    return await act()
  } finally {
    await gate.pass()
  }
}

function asUncertain<T>(answer: T): T {
  const uncertain: CommitAnswer = 'uncertain'
  return answer === 'committed' ? (uncertain as T) : answer
}

function outage(): SystemError {
  return new SystemError('STORE_UNAVAILABLE', 'The test made the store fail.', { retryable: true })
}
