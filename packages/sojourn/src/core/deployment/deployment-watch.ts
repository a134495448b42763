/**
 * What this process knows of the deployment, and since when. Nothing is accepted on knowledge older than
 * `STALE_AFTER_MS`, counted from sending the question, or from before where a store cannot say more of its answer; from
 * half of that on it is renewed in the background, so a busy process never waits for it and an idle one asks nothing.
 */
import {
  type Deployment,
  type DeploymentParts,
  openDeployment,
  nextGlobalEpoch,
  raiseGlobalEpoch,
  readGlobalEpoch,
} from './deployment.ts'
import type { Deadlines, LimitOptions } from '../calls/deadline.ts'
import { SystemError } from '../errors.ts'
import { ageAt, type Instant, instant, NEVER } from '../instant.ts'

/** The bound within which every process learns that everything was revoked. */
export const STALE_AFTER_MS = 5000

export interface DeploymentWatch {
  /** Opens the deployment; repeated after a failure that may pass. @throws SystemError */
  ready(): Promise<Deployment>
  /** What is known; `undefined` until `ready`. */
  readonly current: Deployment | undefined
  /** Whether `current` may be relied on now. Starts a renewal in the background when it is getting old. */
  isFresh(): boolean
  /** Milliseconds since `current` was confirmed; since this began, while there is none. */
  age(): number
  /** Asks the store again; callers at the same time share one question. @throws SystemError */
  refresh(): Promise<Deployment>
  /** The epoch that would end everything there is now. @throws SystemError */
  next(how?: LimitOptions): Promise<number>
  /** Raises the stored epoch to `target`, once however often it is called. @throws SystemError */
  raise(target: number, how?: LimitOptions): Promise<Deployment>
}

export function createDeploymentWatch(
  parts: DeploymentParts & { readonly reads: Deadlines; readonly writes: Deadlines },
): DeploymentWatch {
  const { environment, reads, writes } = parts
  let current: Deployment | undefined
  const began = instant(environment)
  let learned = NEVER
  let opening: Promise<Deployment> | undefined
  let renewing: Promise<Deployment> | undefined
  let refused: SystemError | undefined

  function learn(deployment: Deployment, asked: Instant): Deployment {
    current = { ...deployment, globalEpoch: Math.max(deployment.globalEpoch, current?.globalEpoch ?? 0) }
    if (asked.monotonic > learned.monotonic) learned = asked
    return current
  }

  function asking(): Instant {
    return parts.documents.asOf?.() ?? instant(environment)
  }

  async function open(): Promise<Deployment> {
    const asked = asking()
    try {
      return learn(await reads.limit(() => openDeployment(parts)), asked)
    } catch (error) {
      if (error instanceof SystemError && !error.retryable) refused = error
      throw error
    } finally {
      opening = undefined
    }
  }

  async function renew(known: Deployment): Promise<Deployment> {
    const asked = asking()
    try {
      const globalEpoch = await reads.limit(() => readGlobalEpoch(parts, known))
      return learn({ ...known, globalEpoch }, asked)
    } finally {
      renewing = undefined
    }
  }

  const watch: DeploymentWatch = {
    get current() {
      return current
    },
    async ready() {
      if (refused !== undefined) throw refused
      if (current !== undefined) return current
      opening ??= open()
      return await opening
    },
    isFresh() {
      const age = ageAt(learned, instant(environment))
      if (age > STALE_AFTER_MS / 2 && current !== undefined) watch.refresh().catch(() => undefined)
      return age < STALE_AFTER_MS
    },
    age: () => ageAt(learned === NEVER ? began : learned, instant(environment)),
    async refresh() {
      const known = await watch.ready()
      renewing ??= renew(known)
      return await renewing
    },
    async next(how) {
      const known = await watch.ready()
      return await reads.limit(() => nextGlobalEpoch(parts, known), how)
    },
    async raise(target, how) {
      const known = await watch.ready()
      const asked = asking()
      const globalEpoch = await writes.limit(() => raiseGlobalEpoch(parts, target), how)
      return learn({ ...known, globalEpoch }, asked)
    },
  }
  return watch
}
