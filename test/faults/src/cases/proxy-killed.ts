/** F36: applications are killed in turn, under load, and started again. Whoever is left knows nothing of it. */
import { setTimeout as delay } from 'node:timers/promises'
import { startLink, startRedis } from '../../../programs/index.ts'
import { type Application, type Call, DRIVERS, type Held } from '../application.ts'
import type { FaultCase } from '../case.ts'
import { linearizable } from '../checkers/linearizable.ts'
import { answeredBy, percentile, signedIn, untilNothingPends } from '../crowd.ts'
import { historyOf } from '../drill.ts'
import { rounded } from '../figures.ts'
import { started } from '../ground/applications.ts'
import { boundOf } from '../ground/proxy.ts'
import { now } from '../history.ts'
import { judged } from '../judged.ts'
import { randomFrom } from '../random.ts'

const SCALES = {
  short: { sessions: 40, perSecond: 100, rounds: 1, everyMs: 800 },
  full: { sessions: 400, perSecond: 500, rounds: 10, everyMs: 4_000 },
} as const

const NAMES = ['first', 'second', 'third'] as const
/** Each time one is killed, so many revocations are under way in it, and as many in another. */
const REVOKED_AT_ONCE = 4
/** How long they are under way by then. */
const MOST_AHEAD_MS = 10

export const killedApplications: FaultCase = {
  fault: 'F36',
  topology: 'redis',
  title: 'each of three applications is killed in its turn, under load (SIGKILL)',
  needs: ['redis'],
  async run(lab) {
    const { sessions: count, perSecond, rounds, everyMs } = SCALES[lab.scale]
    const bound = boundOf(lab)
    const server = await startRedis()
    lab.clean(server.stop)
    const link = await startLink(server.port)
    lab.clean(link.stop)
    const running = new Map<string, Application>()
    const all: Application[] = []
    const startMs: number[] = []
    let sessions: readonly Held[] = []

    const start = async (name: string): Promise<Application> => {
      const begunAt = now()
      const app = await started(lab, {
        name: `${name}.${all.length}`,
        driver: DRIVERS[all.length % DRIVERS.length] ?? 'ioredis',
        redis: { url: server.url },
        near: { lease: bound.text },
        store: { fence: bound.text },
      })
      all.push(app)
      running.set(name, app)
      startMs.push(now() - begunAt)
      if (sessions.length > 0) await app.load({ sessions, perSecond, changes: 0.1 })
      return app
    }

    for (const name of NAMES) await start(name)
    sessions = await signedIn(all[0] as Application, { count, as: 'user' })
    for (const app of all) await app.load({ sessions, perSecond, changes: 0.1 })
    const random = randomFrom(lab.seed)
    const toRevoke = [...sessions]
    const revocations = (): readonly Call[] =>
      toRevoke.splice(0, REVOKED_AT_ONCE).map(({ session }) => ({ op: 'revoke', session }))
    for (let round = 0; round < rounds; round++) {
      for (const name of NAMES) {
        await delay(everyMs)
        const [dying, ...others] = [running.get(name), ...running.values()] as [Application, ...Application[]]
        const staying = others.find((app) => app !== dying) as Application
        const outcomes = [dying, staying].map((app) => app.calls(revocations()).catch(() => []))
        await delay(random() * MOST_AHEAD_MS)
        await dying.kill()
        await Promise.all(outcomes)
        await start(name)
      }
    }
    const alive = [...running.values()]
    await untilNothingPends(alive)
    await Promise.all(alive.map((app) => app.quiet()))
    for (const app of alive) await answeredBy(app, sessions)

    const history = await historyOf(all)
    const order = linearizable(history)
    const open = history.filter(({ result, returnedAt }) => result === 'unknown' && returnedAt === undefined)
    return judged(history, {
      faults: rounds * NAMES.length,
      boundMs: bound.ms,
      further: [
        {
          what: 'sessions with answers that no order explains',
          violations: order.violations.length,
          of: order.sessions,
        },
      ],
      facts: [
        `operations of unknown outcome: ${open.length}`,
        `from a start to being ready: p50 ${rounded(percentile(startMs, 0.5))} ms, longest ${rounded(Math.max(...startMs))} ms`,
      ],
    })
  },
}
