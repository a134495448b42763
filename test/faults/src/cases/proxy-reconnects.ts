/** F19. A Redis that many connections wait for comes back, with its data: they return with jitter, and checks are answered meanwhile. */
import { setTimeout as delay } from 'node:timers/promises'
import { startRedis } from '../../../programs/index.ts'
import { DRIVERS } from '../application.ts'
import type { FaultCase } from '../case.ts'
import { drill, historyOf } from '../drill.ts'
import { waitsIn } from '../figures.ts'
import { started } from '../ground/applications.ts'
import { boundOf } from '../ground/proxy.ts'
import { now } from '../history.ts'
import { until } from '../patience.ts'

const SCALES = {
  short: { revoked: 10, staying: 20, perSecond: 100, revokeEveryMs: 300, connections: 60, downMs: 500 },
  full: { revoked: 50, staying: 100, perSecond: 500, revokeEveryMs: 400, connections: 1_000, downMs: 3_000 },
} as const

const LOOK_MS = 100

export const reconnects: FaultCase = {
  fault: 'F19',
  topology: 'redis',
  title: 'a server with many connections is killed and started again with its data',
  needs: ['redis'],
  async run(lab) {
    const { connections, downMs, ...scale } = SCALES[lab.scale]
    const { text: lease, ms: boundMs } = boundOf(lab)
    const server = await startRedis({
      appendonly: true,
      config: ['appendfsync always', 'maxclients 10000'],
    })
    lab.clean(server.stop)
    const apps = await Promise.all(
      DRIVERS.map((driver) =>
        started(lab, {
          name: driver,
          driver,
          redis: { url: server.url },
          near: { lease },
          store: { fence: lease },
          idlePorts: Math.round(connections / DRIVERS.length),
        }),
      ),
    )
    const span = { from: 0, to: 0 }
    const result = await drill(lab, {
      ...scale,
      apps,
      revokers: apps,
      boundMs,
      async fault() {
        const before = await connected()
        span.from = now()
        await server.kill()
        await delay(downMs)
        await server.restart()
        const recoversFrom = now()
        const most = await mostAccepted(before)
        span.to = now()
        return {
          recoversFrom,
          facts: [
            `${before} connections, all back after ${Math.round(span.to - recoversFrom)} ms; most accepted within ${LOOK_MS} ms: ${most}`,
          ],
        }
      },
    })
    return { ...result, facts: [...result.facts, `meanwhile: ${waitsIn(await historyOf(apps), span)}`] }

    async function connected(): Promise<number> {
      return numberIn(await server.cli('INFO', 'clients'), 'connected_clients')
    }

    /** Until there are as many as before. */
    async function mostAccepted(before: number): Promise<number> {
      let most = 0
      let seen = 0
      await until('all connections are back', async () => {
        const total = numberIn(await server.cli('INFO', 'stats'), 'total_connections_received')
        most = Math.max(most, total - seen)
        seen = total
        await delay(LOOK_MS)
        return (await connected()) >= before
      })
      return most
    }
  },
}

function numberIn(info: string, field: string): number {
  return Number(new RegExp(`^${field}:(\\d+)`, 'm').exec(info)?.[1] ?? 0)
}
