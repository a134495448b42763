/** Very many sessions: users with one, two or three each, signed in by the library. */
import type { RosterChange, SessionStore } from 'sojourn'
import { memoryStore } from 'sojourn/stores/memory'
import { openSessions, type Populated, signInUsers } from '../sojourn/populated.ts'
import type { TargetOptions } from '../target.ts'

type RosterKey = Parameters<SessionStore['list']>[0]

export const PER_USER = 2
const AT_ONCE = 1_000

export interface Filled {
  readonly users: number
  /** Of every `every`th user, one. */
  readonly tokens: readonly string[]
}

export interface FillOptions {
  readonly sessions: number
  readonly every: number
}

export async function fill(populated: Populated, { sessions, every }: FillOptions): Promise<Filled> {
  const users = sessions / PER_USER
  const tokens: string[] = []
  for (let from = 0; from < users; from += AT_ONCE)
    tokens.push(...(await signInSome(populated, { from, to: Math.min(from + AT_ONCE, users), every })))
  return { users, tokens }
}

/**
 * The same into `store`, several times as fast: rosters are made in memory and moved, one commit for all sessions of a
 * user. The deployment's documents are the store's own, so that the tokens are good there.
 */
export async function fillBy(
  store: SessionStore,
  options: TargetOptions,
  { sessions, every }: FillOptions,
): Promise<Filled> {
  const users = sessions / PER_USER
  const tokens: string[] = []
  const staging = stagingFor(store)
  const populated = await openSessions(options, staging.store)
  for (let from = 0; from < users; from += AT_ONCE) {
    tokens.push(...(await signInSome(populated, { from, to: Math.min(from + AT_ONCE, users), every })))
    await staging.moveAll()
  }
  await populated.sessions.close()
  return { users, tokens }
}

interface Some {
  readonly from: number
  readonly to: number
  readonly every: number
}

async function signInSome(populated: Populated, { from, to, every }: Some): Promise<readonly string[]> {
  const numbers = Array.from({ length: to - from }, (_, index) => from + index)
  const named = (chosen: readonly number[]): readonly string[] =>
    chosen.map((number) => `user-${String(number).padStart(8, '0')}`)
  const first = await signInUsers(populated, named(numbers))
  await signInUsers(populated, named(numbers.filter((number) => number % 3 > 0)))
  await signInUsers(populated, named(numbers.filter((number) => number % 3 > 1)))
  return first.filter((_, index) => (from + index) % every === 0)
}

function stagingFor(target: SessionStore): { store: SessionStore; moveAll: () => Promise<void> } {
  const memory = memoryStore()
  const latest = new Map<RosterKey, RosterChange>()

  async function move(key: RosterKey, change: RosterChange): Promise<void> {
    const roster = await memory.list(key)
    if (typeof roster !== 'object') throw new Error(`The roster is ${roster}.`)
    const { header, records } = roster
    const { incarnation, epoch } = header
    const answer = await target.commit(key, { ...change, expect: 'absent', header, put: records, remove: [] })
    if (answer !== 'committed') throw new Error(answer)
    const expect = { incarnation, epoch, records: [] }
    await memory.commit(key, { ...change, expect, header: 'drop', put: [], remove: [] })
  }

  return {
    store: {
      ...memory,
      documents: target.documents,
      commit(key, change) {
        latest.set(key, change)
        return memory.commit(key, change)
      },
    },
    async moveAll() {
      for (const [key, change] of latest) await move(key, change)
      latest.clear()
    },
  }
}
