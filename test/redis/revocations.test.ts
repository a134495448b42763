/**
 * A session is revoked in one process and checked in two others that have a copy of it. No check that is sent later
 * than the bound after the acknowledgement is accepted, however slow the machine: copies count from before it.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { Client } from './harness/client.ts'
import { crowd } from './harness/crowd.ts'
import { figure, percentile } from './harness/figures.ts'
import { type AppOptions, DRIVERS, type RedisPlace } from './harness/options.ts'
import { type App, startApp } from './harness/processes.ts'
import { cluster, redis } from './harness/servers.ts'

const SESSIONS = 60
const AT_ONCE = 10

interface Means {
  readonly means: string
  readonly options: Pick<AppOptions, 'near' | 'store'>
  /** How late a check may see it, milliseconds. */
  readonly boundMs: number
  readonly pollMs: number
  /** Whether other processes are told. */
  readonly tells: boolean
}

interface Watched {
  /** How long after the acknowledgement it was sent; 0 when none was accepted. */
  readonly lastAcceptedMs: number
  readonly refusedMs: number
}

const TOLD: Means = {
  means: 'told',
  options: { near: { lease: '5s' } },
  boundMs: 5_000,
  pollMs: 2,
  tells: true,
}
const LEASE: Means = {
  means: 'the lease alone',
  options: { near: { lease: '1s' }, store: { invalidation: 'none' } },
  boundMs: 1_000,
  pollMs: 25,
  tells: false,
}
const NO_COPIES: Means = { means: 'no copies', options: {}, boundMs: 0, pollMs: 2, tells: false }

const SINGLE = DRIVERS.flatMap((driver) =>
  [TOLD, LEASE, NO_COPIES].map((means) => ({ driver, topology: 'a single server', ...means })),
)
const CLUSTER = DRIVERS.map((driver) => ({ driver, topology: 'a cluster', ...TOLD }))

test.each([...SINGLE, ...CLUSTER])(
  '$driver, $topology, $means: nothing is accepted elsewhere later than the bound',
  async ({ driver, topology, means, options, boundMs, pollMs, tells }) => {
    const { place } = topology === 'a cluster' ? await cluster() : await redis()
    const [revoking, ...others] = await three({ driver, redis: place, ...options })
    const clients = await crowd(SESSIONS, revoking)
    const watched: Watched[] = []
    for (let from = 0; from < SESSIONS; from += AT_ONCE) {
      const some = clients.slice(from, from + AT_ONCE)
      watched.push(
        ...(
          await Promise.all(some.map((client) => revokeAndWatch(client, { revoking, others, pollMs })))
        ).flat(),
      )
    }

    expect(watched).toHaveLength(SESSIONS * others.length)
    expect(watched.filter(({ lastAcceptedMs }) => lastAcceptedMs > boundMs)).toEqual([])
    for (const other of others) {
      const { figures } = await other.says()
      const [told = 0, copied = 0] = [figures['sojourn.near.invalidations'], figures['sojourn.near.hits']]
      expect(Math.min(told, SESSIONS)).toBe(tells ? SESSIONS : 0)
      expect(Math.min(copied, SESSIONS)).toBe(options.near === undefined ? 0 : SESSIONS)
    }
    const delays = watched.map(({ refusedMs }) => refusedMs)
    figure(`revoked elsewhere, ${driver}, ${topology}, ${means}`, {
      checks: watched.length,
      accepted: watched.filter(({ lastAcceptedMs }) => lastAcceptedMs > 0).length,
      p50: percentile(delays, 50),
      p99: percentile(delays, 99),
    })
  },
)

async function three(
  options: AppOptions & { readonly redis: RedisPlace },
): Promise<readonly [App, App, App]> {
  return await Promise.all([startApp(options), startApp(options), startApp(options)])
}

interface Ground {
  readonly revoking: App
  readonly others: readonly App[]
  readonly pollMs: number
}

async function revokeAndWatch(
  client: Client,
  { revoking, others, pollMs }: Ground,
): Promise<readonly Watched[]> {
  for (const other of others) {
    expect((await client.get('/me', other)).status).toBe(200)
    expect((await client.get('/me', other)).status).toBe(200)
  }
  expect((await client.post(`/revoke?id=${client.id}`, revoking)).body).toBe('{"found":true}')
  const acknowledgedAt = performance.now()
  return await Promise.all(
    others.map(async (other) => {
      for (let lastAcceptedMs = 0; ; await delay(pollMs)) {
        const { status, sentAt } = await client.get('/me', other)
        const afterMs = sentAt - acknowledgedAt
        if (status === 401) return { lastAcceptedMs, refusedMs: afterMs }
        expect(status).toBe(200)
        lastAcceptedMs = afterMs
      }
    }),
  )
}
