/**
 * Revocations that the store has not confirmed, and that are driven on until it does. One drive for each thing to
 * end, however often it is asked for; what begins for the same roster meanwhile tries it first.
 *
 * A few are tried at a time, each less and less often, so that many of them are no burden to a store that is not well
 * for minutes; once one is confirmed the others follow without waiting.
 */
import type { Environment, Timer } from '../environment.ts'
import { SystemError } from '../errors.ts'

interface PendingRevocation {
  /** What is to end; the same text means the same thing. Public handles only: it is logged. */
  readonly key: string
  /** The roster it concerns, or everything. */
  readonly about: string
  /** Whether sign-ins to the roster wait for it: it may end more than was there when it was asked for. */
  readonly holdsSignIns: boolean
  /** Tries once more; true when it is confirmed. */
  readonly attempt: () => Promise<boolean>
}

export interface PendingRevocations {
  /**
   * Drives it on; resolves when it is confirmed, never rejects. A drive with the same key is joined.
   *
   * @throws SystemError `OVERLOADED` at once, when too many are driven already: nothing is promised then
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
export const MOST_DRIVEN = 10_000
const AT_ONCE = 8
const SHORTEST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 30_000
/** Those that are due within it are tried together. */
const SHORTEST_SLEEP_MS = 25
/** When there are many, each waits longer, so that all together are tried at most about 45 times a second. */
const SPACING_MS = 30

interface Drive {
  readonly revocation: PendingRevocation
  readonly completed: Promise<void>
  readonly complete: () => void
  tries: number
  dueAt: number
  running: Promise<boolean> | undefined
}

export function createPending(environment: Environment): PendingRevocations {
  /** The one that was tried longest ago first. */
  const drives = new Map<string, Drive>()
  let timer: Timer | undefined
  let wakesAt = 0
  let underWay = 0
  let wasLastConfirmed = false
  /** Who is to be tried now, the first one last. */
  let turns: Drive[] = []
  let closed = false

  function attempt(drive: Drive): Promise<boolean> {
    drive.running ??= tryOnce(drive).finally(() => {
      drive.running = undefined
      underWay--
      work()
    })
    return drive.running
  }

  async function tryOnce(drive: Drive): Promise<boolean> {
    const { key } = drive.revocation
    underWay++
    drives.delete(key)
    drives.set(key, drive)
    const confirmed = await drive.revocation.attempt()
    // The others' turn is over, unless their time has come.
    if (wasLastConfirmed && !confirmed) turns = []
    wasLastConfirmed = confirmed
    if (confirmed) {
      drives.delete(key)
      drive.complete()
    } else postpone(drive)
    return confirmed
  }

  function postpone(drive: Drive): void {
    const longest = Math.max(LONGEST_PAUSE_MS, drives.size * SPACING_MS)
    const pause = Math.min(SHORTEST_PAUSE_MS * 2 ** drive.tries++, longest)
    drive.dueAt = environment.monotonic() + Math.ceil(pause * (0.5 + environment.jitter() / 2))
  }

  /** As many as may be tried at once. */
  function work(): void {
    timer?.cancel()
    timer = undefined
    if (closed) return
    while (underWay < AT_ONCE) {
      if (turns.length === 0) turns = whoseTurn()
      const drive = turns.pop()
      if (drive === undefined) return sleep()
      if (drive.running === undefined && drives.has(drive.revocation.key)) void attempt(drive)
    }
  }

  /** Those whose time has come; all, while the store confirms. */
  function whoseTurn(): Drive[] {
    const now = environment.monotonic()
    const idle = [...drives.values()].filter(({ running }) => running === undefined)
    return idle.filter(({ dueAt }) => wasLastConfirmed || dueAt <= now).toReversed()
  }

  function sleep(): void {
    let dueAt = Number.POSITIVE_INFINITY
    for (const drive of drives.values()) if (drive.running === undefined) dueAt = Math.min(dueAt, drive.dueAt)
    if (dueAt !== Number.POSITIVE_INFINITY) wakeAt(dueAt)
  }

  function wakeAt(dueAt: number): void {
    if (timer !== undefined && wakesAt <= dueAt) return
    timer?.cancel()
    wakesAt = dueAt
    timer = environment.after(Math.max(dueAt - environment.monotonic(), SHORTEST_SLEEP_MS), work)
  }

  function concerning(about: string): readonly Drive[] {
    return [...drives.values()].filter(
      ({ revocation }) =>
        revocation.holdsSignIns && (revocation.about === about || revocation.about === EVERYTHING),
    )
  }

  return {
    get isEmpty() {
      return drives.size === 0
    },
    get size() {
      return drives.size
    },
    drive(revocation) {
      const running = drives.get(revocation.key)
      if (running !== undefined) return running.completed
      if (drives.size >= MOST_DRIVEN) throw overloaded()
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
      postpone(drive)
      drives.set(revocation.key, drive)
      wakeAt(drive.dueAt)
      return promise
    },
    async settle(about) {
      const settled = await Promise.all(concerning(about).map(attempt))
      return settled.every(Boolean)
    },
    async close() {
      closed = true
      timer?.cancel()
      const left = [...drives.values()]
      for (let isWell = true; isWell && left.length > 0; )
        isWell = (await Promise.all(left.splice(0, AT_ONCE).map(attempt))).some(Boolean)
      for (const key of drives.keys()) {
        environment.log({
          level: 'error',
          message: 'A revocation was not confirmed before these sessions were closed. Ask for it again.',
          fields: { of: key },
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
