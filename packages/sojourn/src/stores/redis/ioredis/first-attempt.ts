/**
 * The first attempt to connect. What is asked before it has ended waits for it: a process that begins with
 * `sessions.ready()` asks at once. Afterwards nobody waits for a connection.
 */
import type { Cluster, Redis } from 'ioredis'

export interface FirstAttempt {
  readonly isOver: boolean
  /** Never rejects. */
  readonly over: Promise<void>
  /** Waits no longer. Idempotent. */
  readonly end: () => void
}

const ENDS = ['ready', 'error', 'close', 'end'] as const

export function firstAttempt(client: Redis | Cluster): FirstAttempt {
  const { promise: over, resolve } = Promise.withResolvers<void>()
  let isOver = false
  const end = (): void => {
    isOver = true
    for (const event of ENDS) client.off(event, end)
    resolve()
  }
  if (client.status === 'connecting' || client.status === 'connect')
    for (const event of ENDS) client.on(event, end)
  else end()
  return {
    get isOver() {
      return isOver
    },
    over,
    end,
  }
}
