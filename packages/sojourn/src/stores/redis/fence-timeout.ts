/** A driver may keep a call for ever, so whoever waits for one gives up by the Environment's timers. */
import type { Environment } from '../../core/environment.ts'
import { patience } from './patience.ts'

/** What `work`, which never rejects, comes to; `undefined` when that takes longer than `ms`. The work itself goes on. */
export function within<T>(environment: Environment, ms: number, work: Promise<T>): Promise<T | undefined> {
  return new Promise((resolve) => {
    const timer = patience(environment, ms, () => resolve(undefined))
    void work.finally(() => timer.cancel()).then(resolve)
  })
}
