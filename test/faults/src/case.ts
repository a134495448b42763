/**
 * What a case of the lab is: one fault on one topology, and the figures that come of it. A case starts its servers and
 * applications itself, hands their ends to `clean` as soon as they exist, and says what was violated as a number; it
 * throws only when the lab could not do what the title says.
 */

type Topology = 'redis' | 'sentinel-1+2' | 'cluster-3+3' | 'memcached'

/** What a machine may lack. A case that needs what is not there is reported as not run, with the reason. */
export type Need = 'namespaces' | 'redis' | 'memcached'

export interface FaultCase {
  /** As in the table of faults: `F6`. Others have a name: `any-node`, `healthy`. */
  readonly fault: string
  readonly topology: Topology
  /** One sentence: what is done. */
  readonly title: string
  readonly needs: readonly Need[]
  /** It takes so long that it runs only when it is named. */
  readonly byNameOnly?: true
  /** It knows settings that void the guarantee, and uses them where the lab is `broken`. */
  readonly canBreak?: true
  run(lab: Lab): Promise<CaseResult>
}

export interface CaseResult {
  /** Of the histories: everything that was asked of a session manager. */
  readonly operations: number
  /** How many times the fault was brought about. */
  readonly faults: number
  /** Answers and states that a guarantee rules out. */
  readonly violations: number
  /** How much later than its bound the worst answer came; 0 without violations. Absent where nothing has a bound. */
  readonly worstLatenessMs?: number
  /** Until what the fault stopped was served again. Absent where nothing stops. */
  readonly recoveryP99Ms?: number
  /** One line each: `revoked sessions accepted after ack + bound: 0 of 5000`. */
  readonly facts: readonly string[]
}

/** What a case is given. */
export interface Lab {
  /** `short` is for `npm test`: few sessions, waits as short as the bounds allow. */
  readonly scale: Scale
  /** Whatever a case chooses at random comes of it. */
  readonly seed: number
  /** The case is to show that it can be lost. */
  readonly broken: boolean
  /** Ends something when the case is over, whatever becomes of it; the last first. */
  readonly clean: (up: () => unknown) => void
  /** For whoever watches; never part of the result. */
  readonly log: (text: string) => void
}

export type Scale = 'short' | 'full'

/** A reason why this machine cannot do what a case needs; it is reported as not run. */
export class NotRun extends Error {
  override readonly name = 'NotRun'
}
