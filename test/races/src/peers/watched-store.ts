/**
 * A peer's store as the harness needs it: counted, and held or broken when it says so. The peers take stores of one
 * kind: `get`, `set`, `destroy` and perhaps `touch`, each with a callback at the end.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { Commands, Fault } from '../messages.ts'
import type { Running, Start } from '../system.ts'

type Callback = (...answer: readonly unknown[]) => void
type Method = (sessionId: string, ...more: readonly unknown[]) => void
type Kind = 'read' | 'commit'

const METHODS: Readonly<Record<string, Kind>> = {
  get: 'read',
  set: 'commit',
  destroy: 'commit',
  touch: 'commit',
}

/** Changes `store` in place. A call that is neither held nor broken goes straight through. */
export function watchedStore(store: object, pass: Start['pass']): Running['store'] {
  const calls = new Map<string, number>()
  const holds: Commands['holdStore'][] = []
  const hanging: (() => void)[] = []
  let fault: Fault | undefined
  const underWay = new Set<Callback>()

  for (const [name, kind] of Object.entries(METHODS)) {
    const method: unknown = Reflect.get(store, name)
    if (typeof method === 'function') Reflect.set(store, name, watched(method.bind(store) as Method, kind))
  }

  function watched(method: Method, kind: Kind): Method {
    return (sessionId, ...more) => {
      const callback = more.at(-1) as Callback
      calls.set(sessionId, (calls.get(sessionId) ?? 0) + 1)
      const settle: Callback = (...answer) => {
        underWay.delete(settle)
        callback(...answer)
      }
      underWay.add(settle)
      through(kind, (done) => method(sessionId, ...more.slice(0, -1), done), settle)
    }
  }

  function through(kind: Kind, call: (done: Callback) => void, settle: Callback): void {
    const fail = (): void => settle(new Error('The store is down.'))
    const how = fault?.on === undefined || fault.on === kind ? fault?.how : undefined
    if (how === 'fail') return void setImmediate(fail)
    if (how === 'hang') return void hanging.push(fail)
    const hold = kind === 'commit' ? nextHold() : undefined
    if (hold === undefined) return call(settle)
    if (hold.at === 'call') return void pass(hold.gate).then(() => call(settle))
    call((...answer) => void pass(hold.gate).then(() => settle(...answer)))
  }

  function nextHold(): Commands['holdStore'] | undefined {
    const next = holds.shift()
    if (next === undefined || next.skip === 0) return next
    holds.unshift({ ...next, skip: next.skip - 1 })
    return undefined
  }

  return {
    async holdStore(hold) {
      holds.push(hold)
      return undefined
    },
    async breakStore(broken) {
      fault = broken
      return undefined
    },
    async heal() {
      fault = undefined
      for (const fail of hanging.splice(0)) fail()
      return undefined
    },
    async quiet() {
      do await delay(3)
      while (underWay.size > 0)
      return undefined
    },
    // The peers touch a session with every request: nothing becomes due.
    advance: async () => undefined,
    storeCalls: async ({ about }) => (about === 'documents' ? 0 : (calls.get(about.sessionId) ?? 0)),
    // Scenarios that count a user's sessions from inside need what the peers do not offer.
    watch: async () => undefined,
    peak: async () => undefined,
  }
}
