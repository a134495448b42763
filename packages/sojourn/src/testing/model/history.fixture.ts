/** What was begun, answered and seen, and what must hold of it at every instant and at the end. */
import assert from 'node:assert/strict'
import { SystemError } from '../../core/errors.ts'
import type { RosterKey } from '../../core/ids.ts'
import type { TestManager } from '../../core/manager.fixture.ts'
import { isExpired, PROFILES } from '../../core/policy/lifetimes.ts'
import type { ActName, Outcome } from './acts.fixture.ts'
import type { Stage } from './interleavings.fixture.ts'

export interface Initial {
  readonly id: string
  readonly token: string
}

interface Entry {
  readonly name: ActName
  readonly own: Initial
  outcome: Outcome | undefined
  failed: unknown
}

const LIFETIMES = { session: PROFILES.aal2, remember: PROFILES.aal1, anonymous: PROFILES.aal1 }
const ENDS_ALL: readonly ActName[] = ['revokeAll', 'erase']
const ENDS_ONE: readonly ActName[] = ['revoke', 'signOut']
const ADMITS: readonly ActName[] = ['signIn', 'finishSignIn', 'fromVisitor', 'signInAgain']
const RENEWS: readonly ActName[] = ['regenerate', 'elevate', 'keepOnly']

export class History {
  readonly #stage: Stage
  readonly #entries: Entry[] = []
  /** Token → the session's id; `valid` once it was seen so, and `over` for ever after that ended. */
  readonly #tokens = new Map<string, { readonly id: string; seen: 'not yet' | 'valid' | 'over' }>()
  readonly #deadIds = new Set<string>()
  readonly #deadTokens = new Set<string>()

  constructor(stage: Stage) {
    this.#stage = stage
    for (const { id, token } of [...stage.initial, stage.visitor]) this.#know(id, token)
  }

  begins(name: ActName, own: Initial): Entry {
    const entry: Entry = { name, own, outcome: undefined, failed: undefined }
    this.#entries.push(entry)
    return entry
  }

  resolves(entry: Entry, outcome: Outcome): void {
    entry.outcome = outcome
    const { made } = outcome
    if (made !== undefined) this.#know(made.session.id, made.token)
    const { name, own } = entry
    const initial = this.#stage.initial
    if (ENDS_ONE.includes(name)) this.#deadIds.add(own.id)
    if (ENDS_ALL.includes(name)) for (const { id } of initial) this.#deadIds.add(id)
    const othersEnded = outcome.count !== undefined || (name === 'keepOnly' && outcome.kind === 'changed')
    if (othersEnded) for (const { id } of initial) if (id !== own.id) this.#deadIds.add(id)
    // The old secret is dead at once after a new authentication, and an old session after signing in again.
    if (outcome.kind === 'changed' && (name === 'elevate' || name === 'keepOnly'))
      this.#deadTokens.add(own.token)
    if (outcome.kind === 'signed-in' && name === 'signInAgain') this.#deadTokens.add(own.token)
    if (outcome.kind === 'signed-in' && name.endsWith('romVisitor'))
      this.#deadTokens.add(this.#stage.visitor.token)
  }

  /** The only failures are those of the store, and a revocation that is not confirmed is refused here at once. */
  async rejects(entry: Entry, manager: TestManager, error: unknown): Promise<void> {
    assert.ok(error instanceof SystemError, `${entry.name} failed: ${String(error)}`)
    entry.failed = error
    if (
      error.code === 'REVOKE_UNCERTAIN' &&
      (ENDS_ALL.includes(entry.name) || ENDS_ONE.includes(entry.name))
    ) {
      this.#deadLocally.push({ manager, token: entry.own.token })
    }
  }

  readonly #deadLocally: { readonly manager: TestManager; readonly token: string }[] = []

  async observes(): Promise<void> {
    await this.#keepsTheLimit()
    for (const [token, state] of this.#tokens) {
      const { kind } = await this.#stage.observer.verify(token, 'bearer')
      if (kind === 'valid') {
        assert.notEqual(state.seen, 'over', 'a session or token that was over is valid again')
        assert.ok(!this.#deadIds.has(state.id), 'valid after its revocation was acknowledged')
        assert.ok(!this.#deadTokens.has(token), 'valid after its replacement was acknowledged')
        state.seen = 'valid'
      } else if (kind === 'none' && state.seen === 'valid') state.seen = 'over'
    }
  }

  async concludes(): Promise<void> {
    await this.observes()
    for (const { manager, token } of this.#deadLocally)
      assert.notEqual(
        (await manager.verify(token, 'bearer')).kind,
        'valid',
        'a revocation that was not confirmed',
      )
    await this.#keepsIncrements()
    await this.#noSignInSurvivesRevokeAll()
    await this.#everyCallerHoldsAWorkingToken()
    await this.#visitorDataCrossesOnce()
  }

  #know(id: string, token: string): void {
    if (!this.#tokens.has(token)) this.#tokens.set(token, { id, seen: 'not yet' })
  }

  /** Read in one piece, past all schedules. */
  async #keepsTheLimit(): Promise<void> {
    const { store, limit, environment, initial } = this.#stage
    const roster = await store.list(initial[0]?.id.slice(0, 16) as RosterKey)
    if (roster === undefined || typeof roster === 'string') return
    const live = roster.records.filter(
      (session) =>
        session.epoch === roster.header.epoch &&
        session.claim === undefined &&
        !isExpired(session, environment.now(), LIFETIMES),
    )
    assert.ok(live.length <= limit, `${live.length} live sessions, and the limit is ${limit}`)
  }

  async #keepsIncrements(): Promise<void> {
    for (const { id } of this.#stage.initial) {
      const session = await this.#liveSession(id)
      if (session === undefined) continue
      const tried = this.#entries.filter(({ name, own }) => name === 'increment' && own.id === id)
      const acknowledged = tried.filter(({ outcome }) => outcome?.kind === 'changed').length
      const unknown = tried.filter(({ failed }) => failed !== undefined).length
      const n = Number(session.data['n'])
      assert.ok(
        n >= acknowledged && n <= acknowledged + unknown,
        `n is ${n} after ${acknowledged} increments`,
      )
    }
  }

  async #liveSession(id: string): Promise<{ readonly data: Readonly<Record<string, unknown>> } | undefined> {
    for (const [token, state] of this.#tokens) {
      if (state.id !== id) continue
      const verdict = await this.#stage.observer.verify(token, 'bearer')
      if (verdict.kind === 'valid') return verdict.session
    }
    return undefined
  }

  async #noSignInSurvivesRevokeAll(): Promise<void> {
    const all = this.#entries.some(
      ({ name, outcome }) =>
        (ENDS_ALL.includes(name) && outcome?.kind === 'done') ||
        (name === 'keepOnly' && outcome?.kind === 'changed'),
    )
    if (!all) return
    for (const { name, outcome } of this.#entries) {
      if (name !== 'finishSignIn' || outcome?.made === undefined) continue
      const { kind } = await this.#stage.observer.verify(outcome.made.token, 'bearer')
      assert.equal(kind, 'none', 'a sign-in that began before everything was revoked')
    }
  }

  /** After K parallel regenerations and nothing else that renews or ends, all hold the same, and it works. */
  async #everyCallerHoldsAWorkingToken(): Promise<void> {
    for (const own of this.#stage.initial) {
      const about = this.#entries.filter((entry) => entry.own.id === own.id)
      const regenerations = about.filter(({ name }) => name === 'regenerate')
      const disturbed =
        this.#entries.some(
          ({ name, own: { id }, failed }) => failed !== undefined || endsOrRenews(name, id === own.id),
        ) || this.#mayEvict()
      if (disturbed || regenerations.length === 0) continue
      const tokens = new Set(regenerations.map(({ outcome }) => outcome?.made?.token))
      assert.equal(tokens.size, 1, `${regenerations.length} regenerations gave ${tokens.size} tokens`)
      const [token = ''] = tokens
      assert.equal(
        (await this.#stage.observer.verify(token, 'bearer')).kind,
        'valid',
        'the token they were given',
      )
    }
  }

  #mayEvict(): boolean {
    return this.#entries.some(({ name }) => ADMITS.includes(name))
  }

  async #visitorDataCrossesOnce(): Promise<void> {
    const takers = new Set<string>()
    for (const { outcome } of this.#entries) {
      const session = outcome?.made?.session
      if (session?.data['cart'] !== undefined) takers.add(String(session.subject))
      assert.equal(session?.id === this.#stage.visitor.id, false, 'a sign-in makes a session of its own')
    }
    assert.ok(takers.size <= 1, `the visitor's data went to ${[...takers].join(' and ')}`)
  }
}

function endsOrRenews(name: ActName, same: boolean): boolean {
  if (ENDS_ALL.includes(name) || name === 'keepOnly' || name === 'revokeOthers') return true
  return (
    same &&
    (ENDS_ONE.includes(name) || name === 'signInAgain' || RENEWS.includes(name)) &&
    name !== 'regenerate'
  )
}
