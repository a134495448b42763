/**
 * Revocations that the store has not confirmed, and that are driven on until it does. One drive for each thing to
 * end, however often it is asked for; what begins for the same roster meanwhile tries it first.
 */
import type { Environment } from '../environment.ts'

interface PendingRevocation {
  /** What is to end; the same text means the same thing. */
  readonly key: string
  /** The roster it concerns, or everything. */
  readonly about: string
  /** Tries once more; true when it is confirmed. */
  readonly attempt: () => Promise<boolean>
}

export interface PendingRevocations {
  /** Drives it on; resolves when it is confirmed, never rejects. A drive with the same key is joined. */
  drive(revocation: PendingRevocation): Promise<void>
  readonly isEmpty: boolean
  readonly size: number
  /** Tries what is pending about a roster. False: some of it is still not confirmed. */
  settle(about: string): Promise<boolean>
  /** Tries everything once more and stops. What is left is logged: it has to be asked for again. */
  close(): Promise<void>
}

export const EVERYTHING = 'everything'
const SHORTEST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 30_000

interface Drive {
  readonly revocation: PendingRevocation
  readonly completed: Promise<void>
  readonly complete: () => void
}

export function createPending(environment: Environment): PendingRevocations {
  const drives = new Map<string, Drive>()
  let closed = false

  async function attempt({ revocation, complete }: Drive): Promise<boolean> {
    if (!(await revocation.attempt())) return false
    drives.delete(revocation.key)
    complete()
    return true
  }

  function retry(drive: Drive, tries: number): void {
    const pause = Math.min(SHORTEST_PAUSE_MS * 2 ** tries, LONGEST_PAUSE_MS)
    environment.after(Math.ceil(pause * (0.5 + environment.jitter() / 2)), () => {
      if (!closed && drives.has(drive.revocation.key)) void again(drive, tries)
    })
  }

  async function again(drive: Drive, tries: number): Promise<void> {
    if (!(await attempt(drive))) retry(drive, tries + 1)
  }

  function concerning(about: string): readonly Drive[] {
    return [...drives.values()].filter(
      ({ revocation }) => revocation.about === about || revocation.about === EVERYTHING,
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
      const { promise, resolve } = Promise.withResolvers<void>()
      const drive: Drive = { revocation, completed: promise, complete: resolve }
      drives.set(revocation.key, drive)
      retry(drive, 0)
      return promise
    },
    async settle(about) {
      const settled = await Promise.all(concerning(about).map(attempt))
      return settled.every(Boolean)
    },
    async close() {
      closed = true
      await Promise.all([...drives.values()].map(attempt))
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
