/**
 * F1. A failover forgets what only the old primary has. Sessions are revoked before a cut, through it and after it, by
 * applications that are left with the old primary; when the cut is healed its data is thrown away.
 */
import type { Application, Called, Held } from '../application.ts'
import type { FaultCase } from '../case.ts'
import { drill } from '../drill.ts'
import { fenceMsOf } from '../ground/fence.ts'
import { startSentinelGround, untilReplaced } from '../ground/sentinel.ts'
import { now } from '../history.ts'
import { revocationFindings } from '../revocations.ts'

const SCALES = {
  short: { revoked: 120, staying: 20, perSecond: 50 },
  full: { revoked: 5_000, staying: 100, perSecond: 200 },
} as const
const AT_ONCE = 50

export const failover: FaultCase = {
  fault: 'F1',
  topology: 'sentinel-1+2',
  title: 'sessions are revoked on a primary that is being replaced',
  needs: ['namespaces', 'redis'],
  canBreak: true,
  async run(lab) {
    const { here, there, cuts, minority, majority, group } = await startSentinelGround(lab)
    const called: Called[] = []
    let slowestMs = 0

    async function revoke(sessions: readonly Held[]): Promise<void> {
      await Promise.all(
        here.map((app, turn) =>
          revokeAs(
            app,
            sessions.filter((_, index) => index % here.length === turn),
          ),
        ),
      )
    }

    async function revokeAs(app: Application, sessions: readonly Held[]): Promise<void> {
      for (let from = 0; from < sessions.length; from += AT_ONCE) {
        const calls = sessions
          .slice(from, from + AT_ONCE)
          .map(({ session }) => ({ op: 'revoke', session }) as const)
        const askedAt = now()
        called.push(...(await app.calls(calls, { atOnce: AT_ONCE })))
        slowestMs = Math.max(slowestMs, now() - askedAt)
      }
    }

    return drill(lab, {
      ...SCALES[lab.scale],
      boundMs: fenceMsOf(lab),
      apps: [there, ...here],
      async fault({ revoked, staying }) {
        const part = Math.floor(revoked.length / 5)
        await revoke(revoked.slice(0, part))
        cuts.between(minority, majority)
        const during = revoke(revoked.slice(part, 4 * part))
        await untilReplaced(group, { apps: [there], sessions: staying })
        await during
        await revoke(revoked.slice(4 * part))
        const recoversFrom = now()
        cuts.heal()
        return {
          recoversFrom,
          recovering: here,
          facts: [
            `the slowest ${AT_ONCE} revocations at once were answered within ${Math.round(slowestMs)} ms`,
          ],
        }
      },
      findings: (history) => revocationFindings(history, { asked: SCALES[lab.scale].revoked, called }),
    })
  },
}
