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
  let underWay = 0
  let wasLastConfirmed = false
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
    wasLastConfirmed = await drive.revocation.attempt()
    if (wasLastConfirmed) {
      drives.delete(key)
      drive.complete()
    } else postpone(drive)
    return wasLastConfirmed
  }

  function postpone(drive: Drive): void {
    const pause = Math.min(SHORTEST_PAUSE_MS * 2 ** drive.tries++, LONGEST_PAUSE_MS)
    drive.dueAt = environment.monotonic() + Math.ceil(pause * (0.5 + environment.jitter() / 2))
  }

  /** As many as may be tried at once, of those whose time has come; of all, while the store confirms. */
  function work(): void {
    timer?.cancel()
    timer = undefined
    for (let drive = next(); drive !== undefined; drive = next()) void attempt(drive)
    if (!closed && underWay < AT_ONCE) sleep()
  }

  function next(): Drive | undefined {
    if (closed || underWay >= AT_ONCE) return undefined
    const now = environment.monotonic()
    for (const drive of drives.values())
      if (drive.running === undefined && (wasLastConfirmed || drive.dueAt <= now)) return drive
    return undefined
  }

  function sleep(): void {
    let dueAt = Number.POSITIVE_INFINITY
    for (const drive of drives.values()) if (drive.running === undefined) dueAt = Math.min(dueAt, drive.dueAt)
    if (dueAt === Number.POSITIVE_INFINITY) return
    timer = environment.after(Math.max(dueAt - environment.monotonic(), 1), work)
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
      work()
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
