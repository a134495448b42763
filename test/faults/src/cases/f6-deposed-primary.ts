/**
 * F6. A primary and two applications are cut off from its replicas and Sentinels, for a minute. Another primary is
 * promoted; this one goes on answering the two, and nothing in its answers shows that it is not the one any more.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { FaultCase } from '../case.ts'
import { drill, namesOf } from '../drill.ts'
import { fenceMsOf } from '../ground/fence.ts'
import { startSentinelGround, untilReplaced, type Wanted } from '../ground/sentinel.ts'
import { acceptedBetween } from '../cut-off.ts'
import { now } from '../history.ts'

const SCALES = {
  short: { revoked: 20, staying: 20, perSecond: 80, revokeEveryMs: 400, cutMs: 3_000 },
  full: { revoked: 100, staying: 100, perSecond: 300, revokeEveryMs: 1_500, cutMs: 60_000 },
} as const

export const deposedPrimary: FaultCase = {
  fault: 'F6',
  topology: 'sentinel-1+2',
  title: 'the primary and two applications are cut off from everybody else',
  needs: ['namespaces', 'redis'],
  canBreak: true,
  async run(lab) {
    const { cutMs, ...scale } = SCALES[lab.scale]
    // An address behind which somebody else is promoted, and no voters: nothing tells.
    const wanted: Wanted = lab.broken ? { hereAt: ({ primary }) => ({ url: primary.url }) } : {}
    const { group, here, there, cuts, minority, majority } = await startSentinelGround(lab, wanted)
    const boundMs = fenceMsOf(lab)
    let cutAt = 0
    return drill(lab, {
      ...scale,
      boundMs,
      apps: [there, ...here],
      revokers: [there, ...here],
      // Whoever knows an address alone is left with a server that follows another one by then.
      ...(lab.broken ? { lasting: [there] } : {}),
      async fault({ staying }) {
        await delay(scale.revokeEveryMs * 2)
        cuts.between(minority, majority)
        cutAt = now()
        await untilReplaced(group, { apps: [there], sessions: staying })
        await delay(Math.max(0, cutAt + cutMs - now()))
        const recoversFrom = now()
        cuts.heal()
        return { recoversFrom, recovering: here }
      },
      findings: (history, { recoversFrom }) => [
        acceptedBetween(history, { nodes: namesOf(here), after: cutAt + boundMs, before: recoversFrom }),
      ],
    })
  },
}
