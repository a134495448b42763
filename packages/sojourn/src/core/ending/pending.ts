/**
 * Revocations that the store has not confirmed, and that are driven on until it does. What begins for the same roster
 * meanwhile tries them first.
 *
 * A few are tried at a time, each less and less often, so that many of them are no burden to a store that is not well
 * for minutes; once one is confirmed the others follow without waiting.
 */
import type { Environment, Timer } from '../environment.ts'
import { SystemError } from '../errors.ts'
import { createTurns } from './turns.ts'

interface PendingRevocation {
  /** What is to end. Public handles only: it is logged. */
  readonly key: string
  /** The roster it concerns, or everything. */
  readonly about: string
  /**
   * Whether sign-ins to the roster wait for it: it may end more than was there when it was asked for. Those for which
   * they do not wait are bounded by whoever begins them.
   */
  readonly holdsSignIns: boolean
  /** Tries once more; true when it is confirmed. Never rejects. */
  readonly attempt: () => Promise<boolean>
}

export interface PendingRevocations {
  /**
   * Drives it on; resolves when it is confirmed, never rejects.
   *
   * @throws SystemError `OVERLOADED` at once, when too many that hold sign-ins are driven already: nothing is promised then
   */
  drive(revocation: PendingRevocation): Promise<void>
  readonly isEmpty: boolean
  readonly size: number
  /** Tries what is pending about a roster and holds sign-ins. False: some of it is still not confirmed. */
  settle(about: string): Promise<boolean>
  /** Tries everything once more, as long as some of it is confirmed, and stops. What is left is logged: it has to be asked for again. */
  close(): Promise<void>
}

export const EVERYTHING = 'everything'
/** About 2.5 kB each. */
export const MOST_DRIVEN = 50_000
const AT_ONCE = 8
const SHORTEST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 30_000
/** Those that are due within it are tried together. */
const SHORTEST_SLEEP_MS = 25
/**
 * When there are many, each waits longer after its first try, up to so much for each of them: all together are tried some
 * 300 times a second, and in the end 45 times, evenly, so that one of them soon finds out that the store is well again.
 */
const SHORTEST_SPREAD_MS = 3
const LONGEST_SPREAD_MS = 45

interface Drive {
  readonly revocation: PendingRevocation
  readonly completed: Promise<void>
  readonly complete: () => void
  tries: number
  dueAt: number
  running: Promise<boolean> | undefined
}

export function createPending(environment: Environment): PendingRevocations {
  /** Those that are not confirmed, also while they are tried; the one that was tried longest ago first. */
  const drives = new Set<Drive>()
  /** Those of them that wait. */
  const waiting = createTurns<Drive>()
  /** Those of them that hold sign-ins, by what they are about. */
  const holding = new Map<string, Set<Drive>>()
  let held = 0
  let timer: Timer | undefined
  let wakesAt = 0
  const underWay = new Set<Drive>()
  let wasLastConfirmed = false
  /** Who is to be tried now, the first one last. */
  let turns: Drive[] = []
  let closed = false

  function attempt(drive: Drive): Promise<boolean> {
    drive.running ??= tryOnce(drive).finally(work)
    return drive.running
  }

  async function tryOnce(drive: Drive): Promise<boolean> {
    underWay.add(drive)
    waiting.delete(drive)
    const confirmed = await drive.revocation.attempt()
    // Now, and not a promise job later: what waits for its turn again and is still running would be passed over for ever.
    drive.running = undefined
    underWay.delete(drive)
    // The others' turn is over, unless their time has come.
    if (wasLastConfirmed && !confirmed) turns = []
    wasLastConfirmed = confirmed
    if (confirmed) {
      forget(drive)
      drive.complete()
    } else postpone(drive)
    return confirmed
  }

  function postpone(drive: Drive): void {
    const tries = drive.tries++
    const pause = Math.min(SHORTEST_PAUSE_MS * 2 ** tries, LONGEST_PAUSE_MS)
    const spread = tries === 0 ? 0 : Math.min(SHORTEST_SPREAD_MS * 2 ** tries, LONGEST_SPREAD_MS)
    const chance = environment.jitter()
    const wait = Math.max(pause * (0.5 + chance / 2), drives.size * spread * chance)
    drive.dueAt = environment.monotonic() + Math.ceil(wait)
    waiting.add(drive)
  }

  function remember(drive: Drive): void {
    const { about, holdsSignIns } = drive.revocation
    drives.add(drive)
    if (!holdsSignIns) return
    const others = holding.get(about)
    if (others === undefined) holding.set(about, new Set([drive]))
    else others.add(drive)
    held++
  }

  function forget(drive: Drive): void {
    const { about, holdsSignIns } = drive.revocation
    drives.delete(drive)
    if (!holdsSignIns) return
    const others = holding.get(about)
    others?.delete(drive)
    if (others?.size === 0) holding.delete(about)
    held--
  }

  /** As many as may be tried at once. */
  function work(): void {
    timer?.cancel()
    timer = undefined
    if (closed) return
    while (underWay.size < AT_ONCE) {
      if (turns.length === 0) turns = whoseTurn().toReversed()
      const drive = turns.pop()
      if (drive === undefined) return sleep()
      if (drive.running === undefined && drives.has(drive)) void attempt(drive)
    }
  }

  /** Those whose time has come; all, while the store confirms. */
  function whoseTurn(): Drive[] {
    return wasLastConfirmed ? waiting.all() : waiting.due(environment.monotonic())
  }

  function sleep(): void {
    const dueAt = waiting.nextAt()
    if (dueAt !== Number.POSITIVE_INFINITY) wakeAt(dueAt)
  }

  function wakeAt(dueAt: number): void {
    if (timer !== undefined && wakesAt <= dueAt) return
    timer?.cancel()
    wakesAt = dueAt
    timer = environment.after(Math.max(dueAt - environment.monotonic(), SHORTEST_SLEEP_MS), work)
  }

  return {
    get isEmpty() {
      return drives.size === 0
    },
    get size() {
      return drives.size
    },
    drive(revocation) {
      if (revocation.holdsSignIns && held >= MOST_DRIVEN) throw overloaded()
      const { promise, resolve } = Promise.withResolvers<void>()
      const drive: Drive = {
        revocation,
        completed: promise,
        complete: resolve,
        tries: 0,
        dueAt: 0,
        running: undefined,
      }
      wasLastConfirmed = false
      remember(drive)
      postpone(drive)
      wakeAt(drive.dueAt)
      return promise
    },
    async settle(about) {
      const concerning = [...(holding.get(about) ?? []), ...(holding.get(EVERYTHING) ?? [])]
      const settled = await Promise.all(concerning.map(attempt))
      return settled.every(Boolean)
    },
    async close() {
      closed = true
      timer?.cancel()
      const left = [...drives]
      for (let isWell = true; isWell && left.length > 0; )
        isWell = (await Promise.all(left.splice(0, AT_ONCE).map(attempt))).some(Boolean)
      for (const { revocation } of drives) {
        environment.log({
          level: 'error',
          message: 'A revocation was not confirmed before these sessions were closed. Ask for it again.',
          fields: { of: revocation.key },
        })
      }
    },
  }
}

function overloaded(): SystemError {
  return new SystemError(
    'OVERLOADED',
    `${MOST_DRIVEN} revocations are waiting for the store to confirm them; this one is not driven on. Whether it was applied is not known: ask for it again.`,
    { retryable: true },
  )
}
