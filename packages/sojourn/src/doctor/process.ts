/** What a store that lives in one process means to this one. */
import cluster from 'node:cluster'
import { type Finding, finding } from '../core/findings.ts'
import type { SessionStore } from '../core/store.ts'

export function judgeProcess({ traits }: SessionStore, production: boolean): readonly Finding[] {
  if (traits.shared) return []
  if (cluster.isWorker)
    return [
      finding('process-alone', {
        seen: `This process is one of several (node:cluster), and its sessions are in its own memory (${traits.name}): who is signed in here is unknown to the others.`,
        fix: 'Use sqliteStore on one machine, or redisStore; or run one process.',
      }),
    ]
  if (!production) return []
  return [
    finding('process-forgets', {
      seen: `NODE_ENV is production, and sessions are in this process's memory (${traits.name}): every restart ends all of them.`,
      fix: 'Use sqliteStore on one machine, or redisStore.',
    }),
  ]
}
