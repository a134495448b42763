/** What a conformance rule is, and what it is given to prove itself with. */
import type { RosterKey, SessionNumber } from '../../core/ids.ts'
import type { SessionStore } from '../../core/store.ts'
import type { FakeEnvironment } from '../fake-environment.ts'
import type { Seeded } from '../seeded.ts'

export interface StoreRule {
  /** `STORE-07`. Never reused and never renumbered: stores name it in `traits.deviations`. */
  readonly id: string
  /** One sentence that a store keeps. */
  readonly rule: string
  /** What goes wrong where it is not kept. */
  readonly because?: string
  /** The rule is run only for stores whose kit options offer this. */
  readonly needs?: 'second' | 'reopen' | 'damage'
  /** Rejects when the store does not keep the rule. */
  readonly prove: (world: RuleWorld) => Promise<void>
}

/** A fresh store and a world to itself for each rule. */
export interface RuleWorld {
  readonly store: SessionStore
  readonly environment: FakeEnvironment
  readonly chance: Seeded
  /** A roster key that nobody has used. */
  readonly key: () => RosterKey
  /** Another handle on the same data, as another process would have. */
  readonly second: () => Promise<SessionStore>
  /** Closes the store and opens its data again. */
  readonly reopen: () => Promise<SessionStore>
  /** Flips a bit of what is stored. */
  readonly damage: (roster: RosterKey, what: SessionNumber | 'header') => Promise<void>
}
