/**
 * F3. The host of the primary is lost. What it sent last to its replicas never arrived; then its process is killed and, at
 * the same moment, nothing passes to it or from it any more. A kill alone loses nothing: it leaves to the kernel what the
 * process has written.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { FaultCase } from '../case.ts'
import { drill } from '../drill.ts'
import { fenceMsOf } from '../ground/fence.ts'
import { startSentinelGround, untilReplaced } from '../ground/sentinel.ts'
import { now } from '../history.ts'

const SCALES = {
  short: { revoked: 60, staying: 20, perSecond: 80, revokeEveryMs: 100 },
  full: { revoked: 2_000, staying: 100, perSecond: 300, revokeEveryMs: 5 },
} as const
/** Shorter than what makes Sentinels think that a server is gone. */
const UNSENT_MS = 500

export const hostLoss: FaultCase = {
  fault: 'F3',
  topology: 'sentinel-1+2',
  title: 'the host of the primary is lost, and with it what it sent last to its replicas',
  needs: ['namespaces', 'redis'],
  canBreak: true,
  async run(lab) {
    const { group, here, there, cuts, majority, minority } = await startSentinelGround(lab)
    const apps = [there, ...here]
    const scale = SCALES[lab.scale]
    const { primary } = group
    const others = [...majority, ...minority].filter((address) => address !== primary.host)
    const replicas = group.replicas.map(({ host }) => host)
    return drill(lab, {
      ...scale,
      boundMs: fenceMsOf(lab),
      apps,
      revokers: apps,
      async fault({ staying }) {
        await delay(scale.revokeEveryMs * 5)
        cuts.between([primary.host], replicas)
        await delay(UNSENT_MS)
        const recoversFrom = now()
        cuts.between([primary.host], others)
        await primary.kill()
        await untilReplaced(group, { apps, sessions: staying })
        const servedMs = now() - recoversFrom
        cuts.heal()
        // It comes back with nothing, as a replica: what is left of the revocations needs it as a voter.
        await primary.restart()
        return {
          recoversFrom,
          facts: [`everybody served again after ${Math.round(servedMs)} ms, of which down-after is 1,000 ms`],
        }
      },
    })
  },
}
