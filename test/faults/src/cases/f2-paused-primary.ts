/** F2. A primary is stopped for five seconds, is replaced, and wakes: it believes that it is the primary still. */
import { setTimeout as delay } from 'node:timers/promises'
import type { FaultCase } from '../case.ts'
import { drill } from '../drill.ts'
import { fenceMsOf } from '../ground/fence.ts'
import { startSentinelGround, untilReplaced } from '../ground/sentinel.ts'
import { now } from '../history.ts'

const SCALES = {
  short: { revoked: 30, staying: 20, perSecond: 80, revokeEveryMs: 300 },
  full: { revoked: 2_000, staying: 100, perSecond: 300, revokeEveryMs: 5 },
} as const
const PAUSE_MS = 5_000

export const pausedPrimary: FaultCase = {
  fault: 'F2',
  topology: 'sentinel-1+2',
  title: 'the primary is stopped for five seconds, replaced, and wakes',
  needs: ['namespaces', 'redis'],
  async run(lab) {
    const { group, here, there } = await startSentinelGround(lab)
    const apps = [there, ...here]
    const scale = SCALES[lab.scale]
    return drill(lab, {
      ...scale,
      boundMs: fenceMsOf(lab),
      apps,
      revokers: apps,
      async fault({ staying }) {
        await delay(scale.revokeEveryMs * 2)
        const recoversFrom = now()
        group.primary.pause()
        const namedAt = await untilReplaced(group, { apps, sessions: staying })
        const servedMs = now() - namedAt
        await delay(Math.max(0, recoversFrom + PAUSE_MS - now()))
        group.primary.resume()
        await delay(fenceMsOf(lab))
        return {
          recoversFrom,
          facts: [
            `all applications were served within ${Math.round(servedMs)} ms after the Sentinels named another primary`,
          ],
        }
      },
    })
  },
}
