/**
 * A short and hurried run of what `npm run balancers` runs whole: processes die and are restarted under load, and no session is lost,
 * no answer is wrong, no request fails on the restart.
 */
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { type RedisServer, startRedis } from 'sojourn-test-programs'
import { AFFINITIES, type Affinity, BALANCERS, type BalancerName } from './balancers.ts'
import { type Fleet, NAMES, startFleet } from './fleet.ts'
import type { Keeping } from './messages.ts'
import { cutOff, killed, restarted } from './phases.ts'
import { type Row, startTrial, type Trial } from './trial.ts'

const PAUSE_MS = 100
/** Where it is the number of requests that counts. */
const BRIEF_PAUSE_MS = 20

let redis: RedisServer
/** Behind one balancer after the other, with sessions in Redis. */
const fleets = new Map<BalancerName, Fleet>()

beforeAll(async () => {
  redis = await startRedis()
  await Promise.all(
    BALANCERS.map(async (balancer) => {
      const place = { sessions: 'redis', pace: 'hurried', redisUrl: redis.url, prefix: balancer } as const
      fleets.set(balancer, await startFleet(place))
    }),
  )
})

afterAll(async () => {
  await Promise.all([...fleets.values()].map((fleet) => fleet.stop()))
  await redis.stop()
})

async function trial(kind: {
  readonly balancer: BalancerName
  readonly affinity: Affinity
  readonly sessions?: Keeping
}): Promise<Trial> {
  const { sessions = 'redis', balancer } = kind
  const fleet = sessions === 'redis' ? fleets.get(balancer) : undefined
  const started = await startTrial({
    sessions,
    pace: 'hurried',
    ...kind,
    redisUrl: redis.url,
    visitors: 8,
    ...(fleet === undefined ? {} : { fleet }),
  })
  onTestFinished(started.stop)
  return started
}

/** What must hold of every row with sessions in Redis. */
function harm({ wrong, lost, problems }: Row): Pick<Row, 'wrong' | 'lost' | 'problems'> {
  return { wrong, lost, problems }
}

/** Answers from another process than the one before. One that is slow to answer is passed over, affinity or not. */
const MOVED = {
  none: { least: 0.3, most: 1 },
  cookie: { least: 0, most: 0.15 },
  address: { least: 0, most: 0.15 },
}
/** Where each process has visitors of its own, what holds for two holds for the third. */
const RESTARTED = { none: NAMES, cookie: ['one', 'three'], address: ['one', 'three'] } as const
const NONE = { wrong: 0, lost: 0, problems: [] }

/**
 * How requests failed for want of a process. A machine that is slower than the heartbeat of the fence makes a process
 * refuse what Redis says, restart or no restart: that is another matter, and `npm run balancers` counts it too.
 */
function failedOnRestart({ failures }: Row): readonly string[] {
  return Object.keys(failures).filter((how) => !how.startsWith('503 temporarily_unavailable'))
}

interface Rows {
  readonly steady: Row
  readonly afterKill: Row
  readonly afterRestart: Row
}

async function rowsOf(balancer: BalancerName, affinity: Affinity): Promise<Rows> {
  const started = await trial({ balancer, affinity })
  return {
    steady: await started.phase('steady', { pauseMs: BRIEF_PAUSE_MS, act: ({ turns }) => turns(15) }),
    afterKill: await started.phase('one killed', killed(PAUSE_MS / 2, 5)),
    afterRestart: await started.phase('restarted', restarted(PAUSE_MS, RESTARTED[affinity])),
  }
}

test.each(AFFINITIES)(
  'affinity %s: 0 sessions lost, 0 wrong answers, 0 failed requests on the restart',
  async (affinity) => {
    const both = await Promise.all(BALANCERS.map((balancer) => rowsOf(balancer, affinity)))
    for (const { steady, afterKill, afterRestart } of both) {
      for (const row of [steady, afterKill, afterRestart]) expect(harm(row)).toEqual(NONE)
      expect(failedOnRestart(afterRestart)).toEqual([])
      const moved = steady.switches / steady.requests
      expect(moved).toBeGreaterThanOrEqual(MOVED[affinity].least)
      expect(moved).toBeLessThanOrEqual(MOVED[affinity].most)
    }
  },
)

// The counting itself: where sessions are lost, it says so.
test('sessions in the memory of one process are lost with it, affinity or not', async () => {
  const started = await trial({ balancer: 'haproxy', affinity: 'cookie', sessions: 'process' })
  const { lost, wrong } = await started.phase('killed', killed(BRIEF_PAUSE_MS, 10))
  expect(lost).toBeGreaterThan(0)
  expect(wrong).toBeGreaterThanOrEqual(lost)
})

test('sessions that are copied between processes disagree while one is cut off', async () => {
  const started = await trial({ balancer: 'haproxy', affinity: 'none', sessions: 'copied' })
  const { wrong, stale } = await started.phase('cut off', cutOff(BRIEF_PAUSE_MS, 25))
  expect(wrong).toBeGreaterThan(0)
  expect(stale).toBeGreaterThan(0)
})
