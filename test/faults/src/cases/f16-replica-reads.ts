/**
 * F16. Replicas may be behind, so nothing that a replica says decides about a session. On a group of Sentinel, replicas
 * that are stopped and go on are asked nothing; and whoever is led to a server that has become a replica accepts nothing
 * there.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { createCluster } from '@redis/client'
import { Cluster, Redis } from 'ioredis'
import { ConfigError } from 'sojourn'
import { ioRedis } from 'sojourn/stores/redis/ioredis'
import { nodeRedis } from 'sojourn/stores/redis/node-redis'
import { type RedisServer, startRedis } from '../../../programs/index.ts'
import { type Application, DRIVERS } from '../application.ts'
import type { FaultCase } from '../case.ts'
import { acceptedBetween } from '../cut-off.ts'
import { answeredBy, signedIn } from '../crowd.ts'
import { drill, historyOf, namesOf } from '../drill.ts'
import { started } from '../ground/applications.ts'
import { fenceMsOf, fenceOf } from '../ground/fence.ts'
import { startSentinelGround } from '../ground/sentinel.ts'
import { now } from '../history.ts'
import { type Finding, judged } from '../judged.ts'

const SCALES = {
  short: { revoked: 20, staying: 20, perSecond: 50, revokeEveryMs: 200, stopMs: 2_000 },
  full: { revoked: 300, staying: 100, perSecond: 300, revokeEveryMs: 50, stopMs: 20_000 },
} as const

export const staleReplicas: FaultCase = {
  fault: 'F16',
  topology: 'sentinel-1+2',
  title: 'the replicas are stopped in turn and are behind when they go on',
  needs: ['namespaces', 'redis'],
  async run(lab) {
    const { stopMs, ...scale } = SCALES[lab.scale]
    const { group, here, there } = await startSentinelGround(lab)
    const apps = [there, ...here]
    let reads = 0
    return drill(lab, {
      ...scale,
      boundMs: fenceMsOf(lab),
      apps,
      revokers: apps,
      async fault() {
        const recoversFrom = now()
        for (const replica of group.replicas) {
          replica.pause()
          await delay(stopMs / 2)
          replica.resume()
        }
        reads = (await Promise.all(group.replicas.map(readsAt))).reduce((sum, count) => sum + count, 0)
        return { count: group.replicas.length, recoversFrom }
      },
      findings: (history) => [
        { what: 'reads that went to a replica', violations: reads, of: history.length },
        refusals(),
      ],
    })
  },
}

export const ledToReplica: FaultCase = {
  fault: 'F16',
  topology: 'redis',
  title: 'an address leads to a server that has become a replica and is behind',
  needs: ['redis'],
  async run(lab) {
    const { stopMs, staying: count, perSecond } = SCALES[lab.scale]
    const first = await startRedis()
    lab.clean(first.stop)
    const second = await startRedis({ replicaOf: first })
    lab.clean(second.stop)
    const fence = fenceOf(lab)
    const at = (server: RedisServer, name: string): Promise<Application>[] =>
      DRIVERS.map((driver) =>
        started(lab, {
          name: `${name}-${driver}`,
          driver,
          redis: { url: server.url },
          store: { fence },
          near: { lease: fence },
        }),
      )
    const led = await Promise.all(at(first, 'led'))
    const held = await signedIn(led[0] as Application, { count, as: 'user' })
    for (const app of led) {
      await answeredBy(app, held)
      await app.load({ sessions: held, perSecond })
    }
    // It follows nobody who is there, so it keeps what it had.
    await second.cli('REPLICAOF', 'NO', 'ONE')
    const swappedAt = now()
    await first.cli('REPLICAOF', '127.0.0.1', '1')
    const others = await Promise.all(at(second, 'other'))
    for (const { session } of held.slice(0, count / 2)) await others[0]?.call({ op: 'revoke', session })
    await delay(fenceMsOf(lab) + stopMs)
    const before = now()
    await Promise.all(led.map((app) => app.quiet()))
    const history = await historyOf([...led, ...others])
    return judged(history, {
      faults: 1,
      boundMs: fenceMsOf(lab),
      further: [acceptedBetween(history, { nodes: namesOf(led), after: swappedAt + fenceMsOf(lab), before })],
    })
  },
}

/** Clients that read from replicas are refused when the port is made, before anything connects. */
function refusals(): Finding {
  const attempts = [
    () =>
      ioRedis({
        client: new Cluster([{ host: '127.0.0.1', port: 1 }], {
          lazyConnect: true,
          scaleReads: 'slave',
          enableOfflineQueue: false,
        }),
      }),
    () =>
      ioRedis({
        client: new Redis({
          lazyConnect: true,
          name: 'sojourn',
          role: 'slave',
          sentinels: [{ host: '127.0.0.1', port: 1 }],
        }),
      }),
    () =>
      nodeRedis({
        client: createCluster({ rootNodes: [{ url: 'redis://127.0.0.1:1' }], useReplicas: true }),
      }),
  ]
  return {
    what: 'clients that read from replicas and were not refused',
    violations: attempts.filter((attempt) => !isRefused(attempt)).length,
    of: attempts.length,
  }
}

function isRefused(attempt: () => unknown): boolean {
  try {
    attempt()
    return false
  } catch (error) {
    if (error instanceof ConfigError) return true
    throw error
  }
}

async function readsAt(replica: RedisServer): Promise<number> {
  const info = await replica.cli('INFO', 'commandstats')
  return [...info.matchAll(/cmdstat_h(?:mget|getall):calls=(\d+)/g)].reduce(
    (sum, [, calls]) => sum + Number(calls),
    0,
  )
}
