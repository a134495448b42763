/** Nothing is broken for ten minutes: nobody may be fenced off, and what the fence costs is counted. */
import { setTimeout as delay } from 'node:timers/promises'
import type { RedisServer } from '../../../programs/index.ts'
import type { FaultCase } from '../case.ts'
import { drill } from '../drill.ts'
import { startSentinelGround } from '../ground/sentinel.ts'
import { fenceMsOf } from '../ground/fence.ts'
import { now } from '../history.ts'

const LASTS_MS = { short: 5_000, full: 600_000 } as const
const PER_SECOND = 200
/** What a heartbeat consists of, besides the `WAIT` behind it: nothing else in the lab writes or reads plain keys. */
const HEARTBEAT = ['set', 'get'] as const

export const healthy: FaultCase = {
  fault: 'healthy',
  topology: 'sentinel-1+2',
  title: 'nothing is broken for ten minutes',
  needs: ['namespaces', 'redis'],
  byNameOnly: true,
  async run(lab) {
    const { group, here, there } = await startSentinelGround(lab)
    const apps = [there, ...here]
    return drill(lab, {
      revoked: 0,
      staying: 100,
      perSecond: PER_SECOND,
      boundMs: fenceMsOf(lab),
      apps,
      async fault() {
        const before = await callsOf(group.primary)
        await delay(LASTS_MS[lab.scale])
        const after = await callsOf(group.primary)
        const spent = (names: Iterable<string>): number =>
          [...names].reduce((sum, name) => sum + (after.get(name) ?? 0) - (before.get(name) ?? 0), 0)
        const perSecond = (count: number): string => (count / (LASTS_MS[lab.scale] / 1_000)).toFixed(1)
        return {
          count: 0,
          recoversFrom: now(),
          facts: [
            `commands of heartbeats: ${spent(HEARTBEAT)} of ${spent(after.keys())} that the primary was sent, ${perSecond(spent(HEARTBEAT) / apps.length)} a second for each application`,
          ],
        }
      },
      findings: (history) => {
        const checks = history.filter(({ op }) => op === 'verify')
        return [
          {
            what: 'checks put off because the primary was not confirmed',
            violations: checks.filter(({ code }) => code === 'STORE_UNCONFIRMED').length,
            of: checks.length,
          },
        ]
      },
    })
  },
}

/** How often each command was called, by `INFO commandstats`. */
async function callsOf(server: RedisServer): Promise<ReadonlyMap<string, number>> {
  const info = await server.cli('INFO', 'commandstats')
  return new Map(
    [...info.matchAll(/cmdstat_([^:]+):calls=(\d+)/g)].map(([, name = '', calls]) => [name, Number(calls)]),
  )
}
