/**
 * F5. A replica that votes gets nothing from its primary any more, and sessions are revoked. Then the two servers that
 * have the revocations are lost, and the one that has not is promoted. Whatever was acknowledged is forgotten.
 */
import type { Called } from '../application.ts'
import type { FaultCase } from '../case.ts'
import { percentile } from '../crowd.ts'
import { drill } from '../drill.ts'
import { fenceMsOf } from '../ground/fence.ts'
import { startSentinelGround, untilReplaced } from '../ground/sentinel.ts'
import { now } from '../history.ts'
import { revocationFindings } from '../revocations.ts'

const SCALES = {
  short: { revoked: 40, staying: 20, perSecond: 50 },
  full: { revoked: 500, staying: 100, perSecond: 200 },
} as const
const ONE_TOO_FEW = 1

export const missingVoter: FaultCase = {
  fault: 'F5',
  topology: 'sentinel-1+2',
  title: 'a voter is missing when sessions are revoked, and is promoted afterwards',
  needs: ['namespaces', 'redis'],
  canBreak: true,
  async run(lab) {
    const { group, here, there, cuts, minority, majority } = await startSentinelGround(
      lab,
      lab.broken ? { voters: ONE_TOO_FEW } : {},
    )
    const { primary, replicas } = group
    const [behind, upToDate] = replicas as readonly [typeof primary, typeof primary]
    const apps = [there, ...here]
    const called: Called[] = []
    const tookMs: number[] = []
    return drill(lab, {
      ...SCALES[lab.scale],
      boundMs: fenceMsOf(lab),
      apps,
      async fault({ revoked, staying }) {
        cuts.between([behind.host], [primary.host])
        for (const { session } of revoked) {
          const askedAt = now()
          called.push(await there.call({ op: 'revoke', session }))
          tookMs.push(now() - askedAt)
          if (tookMs.length >= SLOW_ONES) break
        }
        const rest = revoked.slice(called.length)
        called.push(
          ...(await there.calls(
            rest.map(({ session }) => ({ op: 'revoke', session })),
            { atOnce: 50 },
          )),
        )
        const recoversFrom = now()
        const lost = [primary, upToDate]
        const others = [...minority, ...majority].filter((address) =>
          lost.every(({ host }) => host !== address),
        )
        cuts.between(
          lost.map(({ host }) => host),
          others,
        )
        await Promise.all(lost.map((server) => server.kill()))
        await untilReplaced(group, { apps, sessions: staying })
        cuts.heal()
        for (const server of lost) await server.restart()
        return {
          recoversFrom,
          facts: [`revocations one by one, p99 until rejected: ${Math.round(percentile(tookMs, 0.99))} ms`],
        }
      },
      findings: (history) => [
        {
          what: 'revocations acknowledged while a voter was missing',
          violations: called.filter(({ operation }) => operation.result === 'done').length,
          of: called.length,
        },
        ...revocationFindings(history, { asked: SCALES[lab.scale].revoked, called }),
      ],
    })
  },
}

/** Each takes half a second. */
const SLOW_ONES = 5
