/**
 * F12. The server is told, while it runs, to forget keys when it is full. Sessions that it forgets are over, which is
 * declared; whoever was revoked stays so, and the doctor says what is wrong.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { FaultCase } from '../case.ts'
import { drill } from '../drill.ts'
import { boundOf, startProxyGround } from '../ground/proxy.ts'
import { now } from '../history.ts'
import { until } from '../patience.ts'

const SCALES = {
  short: { revoked: 20, staying: 40, perSecond: 100, revokeEveryMs: 200, fullMs: 1_000 },
  full: { revoked: 100, staying: 200, perSecond: 500, revokeEveryMs: 200, fullMs: 15_000 },
} as const

const FINDING = 'redis-eviction'
const LONGEST = '10 s'
/** Written by somebody else, so that there is something to make room for. */
const FILLING = "for i = 1, 64 do redis.call('SET', 'other:' .. i, string.rep('x', 1024), 'EX', 1000) end"

export const eviction: FaultCase = {
  fault: 'F12',
  topology: 'redis',
  title: 'CONFIG SET maxmemory-policy volatile-lru, and then the server is full',
  needs: ['redis'],
  async run(lab) {
    const { fullMs, ...scale } = SCALES[lab.scale]
    const bound = boundOf(lab)
    const { apps, beside, server } = await startProxyGround(lab, {
      near: { lease: bound.text },
      store: { fence: bound.text },
      doctor: true,
    })
    let setAt = Number.POSITIVE_INFINITY
    return await drill(lab, {
      ...scale,
      apps,
      revokers: [beside],
      boundMs: bound.ms,
      explained: ({ invokedAt, code }) => invokedAt > setAt && code === 'unknown',
      async fault() {
        setAt = now()
        await server.cli('CONFIG', 'SET', 'maxmemory-policy', 'volatile-lru')
        const alarms = apps.map(async (app) => {
          let at: number | undefined
          await until(`${app.name} finds ${FINDING}`, async () => {
            at = (await app.findings()).find((found) => found.code === FINDING)?.at
            return at !== undefined
          })
          return Math.round((at ?? 0) - setAt)
        })
        const found = await Promise.all(alarms)
        const used = /^used_memory:(\d+)/m.exec(await server.cli('INFO', 'memory'))?.[1] ?? '0'
        await server.cli('CONFIG', 'SET', 'maxmemory', used)
        for (const endsAt = now() + fullMs; now() < endsAt; await delay(100))
          await server.cli('EVAL', FILLING, '0')
        const evicted = /^evicted_keys:(\d+)/m.exec(await server.cli('INFO', 'stats'))?.[1]
        await server.cli('CONFIG', 'SET', 'maxmemory', '0')
        return {
          recoversFrom: now(),
          facts: [
            `${FINDING} was found after ${found.join(', ')} ms (may be ${LONGEST})`,
            `keys that were evicted: ${evicted}`,
          ],
        }
      },
    })
  },
}
