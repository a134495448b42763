/**
 * Any one server is lost, one after another: killed and cut off at once, back when everybody is served without it.
 * Nobody is signed out by that.
 */
import type { RedisServer } from '../../../programs/index.ts'
import type { Application, Held } from '../application.ts'
import type { FaultCase, Lab } from '../case.ts'
import { untilServed } from '../crowd.ts'
import { drill } from '../drill.ts'
import { startClusterGround } from '../ground/cluster.ts'
import { fenceMsOf } from '../ground/fence.ts'
import { isReplaced, startSentinelGround } from '../ground/sentinel.ts'
import { now } from '../history.ts'
import type { Cuts } from '../namespaces.ts'
import { until } from '../patience.ts'

const SCALES = {
  short: { revoked: 40, staying: 20, perSecond: 50, revokeEveryMs: 200 },
  full: { revoked: 400, staying: 100, perSecond: 200, revokeEveryMs: 100 },
} as const

interface Ground {
  readonly apps: readonly Application[]
  readonly cuts: Cuts
  readonly addresses: readonly string[]
  readonly servers: readonly RedisServer[]
  /** Whether all is as well as it can be without the server, and then with it again. */
  readonly isSettledWithout: (lost: RedisServer) => Promise<boolean>
  readonly isWhole: () => Promise<boolean>
}

export const anySentinelNode: FaultCase = {
  fault: 'any-node',
  topology: 'sentinel-1+2',
  title: 'each Redis and each Sentinel is lost in turn',
  needs: ['namespaces', 'redis'],
  async run(lab) {
    const { group, here, there, cuts, minority, majority } = await startSentinelGround(lab)
    const data = [group.primary, ...group.replicas]
    return loseEach(lab, {
      apps: [there, ...here],
      cuts,
      addresses: [...minority, ...majority],
      servers: [...data, ...group.sentinels],
      isSettledWithout: async (lost) => lost !== group.primary || (await isReplaced(group)),
      async isWhole() {
        const primary = await group.currentPrimary().catch(() => undefined)
        const info = (await primary?.cli('INFO', 'replication')) ?? ''
        return (info.match(/state=online/g) ?? []).length === data.length - 1
      },
    })
  },
}

export const anyClusterNode: FaultCase = {
  fault: 'any-node',
  topology: 'cluster-3+3',
  title: 'each node is lost in turn',
  needs: ['namespaces', 'redis'],
  async run(lab) {
    const { cluster, here, there, cuts, minority, majority } = await startClusterGround(lab)
    return loseEach(lab, {
      apps: [there, ...here],
      cuts,
      addresses: [...minority, ...majority],
      servers: cluster.nodes,
      async isSettledWithout(lost) {
        const slots = [0, 6_000, 12_000]
        const owners = await Promise.all(slots.map((slot) => cluster.primaryOf(slot).catch(() => lost)))
        return !owners.includes(lost)
      },
      async isWhole() {
        await cluster.whole()
        return true
      },
    })
  },
}

function loseEach(lab: Lab, { apps, cuts, addresses, servers, isSettledWithout, isWhole }: Ground) {
  const recoveries: number[] = []

  async function lose(server: RedisServer, staying: readonly Held[]): Promise<void> {
    lab.log(`${server.host} is lost`)
    const lostAt = now()
    cuts.between(
      [server.host],
      addresses.filter((address) => address !== server.host),
    )
    await server.kill()
    await until('all is as well as it can be', () => isSettledWithout(server))
    for (const app of apps) for (const held of staying) await untilServed(app, [held])
    recoveries.push(now() - lostAt)
    cuts.heal()
    await server.restart()
    await until('all servers are in step', isWhole)
  }

  return drill(lab, {
    ...SCALES[lab.scale],
    boundMs: fenceMsOf(lab),
    apps,
    revokers: apps,
    async fault({ staying }) {
      const recoversFrom = now()
      for (const server of servers) await lose(server, staying)
      return { count: servers.length, recoversFrom, recoveries }
    },
  })
}
