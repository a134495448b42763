/**
 * What a race is: a few browsers, an application of one or more processes, a fixed interleaving, and one question
 * at the end. Which request overtakes which is decided by gates (`world.ts`), never by sleeping.
 */
import type { Offer, System } from './system.ts'
import type { World } from './world.ts'

/** What the application must be like for a scenario. Processes are shared by scenarios that want the same. */
export interface ApplicationOptions {
  readonly devices?: { readonly limit: number; readonly policy: 'evict-oldest' | 'reject' }
  /** Every read of the store can fail too; otherwise a store that answers at once may do so. */
  readonly faults?: boolean
}

export interface Scenario {
  /** As in the table of races. */
  readonly id: string
  readonly title: string
  /** It is about this, and is not run where there is no such thing. */
  readonly needs?: Offer
  /** The scenario is run as often as asked on each of these. Default: one ordinary application. */
  readonly applications?: (system: System) => readonly ApplicationOptions[]
  /** Not more often than this, where each run takes seconds. */
  readonly mostRuns?: (system: System) => number
  /** `undefined`: as it should be. Otherwise what went wrong, in a sentence; throwing counts too. */
  readonly run: (world: World) => Promise<string | undefined>
}
