/** F20 and F21: the store answers late, or nothing comes through and nothing says so. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Application } from '../application.ts'
import type { CaseResult, FaultCase, Lab } from '../case.ts'
import { drill, historyOf } from '../drill.ts'
import { waitsIn } from '../figures.ts'
import { boundOf, type ProxyGround, startProxyGround } from '../ground/proxy.ts'
import { now } from '../history.ts'
import { until } from '../patience.ts'

const SCALES = {
  short: { revoked: 10, staying: 20, perSecond: 150, revokeEveryMs: 300, faultMs: 2_000 },
  full: { revoked: 50, staying: 100, perSecond: 600, revokeEveryMs: 400, faultMs: 15_000 },
} as const

/** The default deadline of a check, and what a timer may add. */
const DEADLINE = 'deadline 250 ms'
/** Each way. */
const LATE_MS = 150
const ASLEEP = '3'
const LOOK_MS = 50

interface Plan {
  /** Resolves when the fault is over; what it says is a fact. */
  readonly fault: (ground: ProxyGround, faultMs: number) => Promise<string>
}

const late = planned('F20', 'every answer is 300 ms late', {
  async fault({ behind }, faultMs) {
    for (const { link } of behind) link.delay(LATE_MS)
    await delay(faultMs)
    for (const { link } of behind) link.delay(0)
    return `${2 * LATE_MS} ms later for ${faultMs} ms`
  },
})

const asleep = planned('F20', 'the server does nothing for three seconds (DEBUG SLEEP)', {
  async fault({ server }) {
    await server.cli('DEBUG', 'SLEEP', ASLEEP)
    return `asleep for ${ASLEEP} s`
  },
})

const halfOpen = planned('F21', 'nothing comes through either way, and connections stay open', {
  async fault({ behind }, faultMs) {
    const beganAt = now()
    const before = behind.map(({ link }) => link.attempts())
    for (const { link } of behind) {
      link.hold('request')
      link.hold('answer')
    }
    const found = behind.map(async ({ driver, link }, index) => {
      await until('the connection is replaced', () => link.attempts() > (before[index] ?? 0))
      return `${driver} after ${Math.round(now() - beganAt)} ms`
    })
    const [said] = await Promise.all([Promise.all(found), delay(faultMs)])
    for (const { link } of behind) link.accept()
    return `silent connections given up: ${said.join(', ')}`
  },
})

export const slowCases: readonly FaultCase[] = [late, asleep, halfOpen]

function planned(fault: string, title: string, plan: Plan): FaultCase {
  return { fault, topology: 'redis', title, needs: ['redis'], run: (lab) => run(lab, plan) }
}

async function run(lab: Lab, plan: Plan): Promise<CaseResult> {
  const { faultMs, ...scale } = SCALES[lab.scale]
  const ground = await startProxyGround(lab, { store: { fence: boundOf(lab).text } })
  const { apps } = ground
  const behind = ground.behind.map(({ app }) => app)
  const span = { from: 0, to: 0 }
  const result = await drill(lab, {
    ...scale,
    as: 'request',
    apps,
    revokers: [ground.beside],
    boundMs: 0,
    async fault() {
      await delay(faultMs / 2)
      const watching = watchInFlight(behind)
      span.from = now()
      const said = await plan.fault(ground, faultMs)
      span.to = now()
      return { recoversFrom: span.to, facts: [said, `in flight at most ${await watching()} of 1024`] }
    },
  })
  const history = await historyOf(behind)
  const cleared = history.filter((operation) => operation.cleared === true && operation.result !== 'none')
  return {
    ...result,
    violations: result.violations + cleared.length,
    facts: [
      ...result.facts,
      `cookies cleared without a verdict: ${cleared.length}`,
      `meanwhile (${DEADLINE}): ${waitsIn(history, span)}`,
    ],
  }
}

/** The answer ends it and says the most there were in any of them. */
function watchInFlight(apps: readonly Application[]): () => Promise<number> {
  const stopping = new AbortController()
  const watching = watch()
  return async () => {
    stopping.abort()
    return await watching
  }

  async function watch(): Promise<number> {
    let most = 0
    while (!stopping.signal.aborted) {
      const figures = await Promise.all(apps.map((app) => app.figures()))
      most = Math.max(most, ...figures.map((figure) => figure['sojourn.store.in_flight'] ?? 0))
      await delay(LOOK_MS)
    }
    return most
  }
}
