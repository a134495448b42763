/** What races have in common: several applications that do something about one session or subject at the same moment. */
import type { CaseResult, FaultCase, Lab } from './case.ts'
import { deviceCounts } from './checkers/device-count.ts'
import { linearizable } from './checkers/linearizable.ts'
import { percentile } from './crowd.ts'
import { historyOf } from './drill.ts'
import { rounded } from './figures.ts'
import { type ProxyGround, startProxyGround } from './ground/proxy.ts'
import type { Operation } from './history.ts'
import { type Finding, judged } from './judged.ts'

interface Race {
  readonly fault: string
  readonly title: string
  /** Of live sessions of a subject. */
  readonly limit: number
  /** For a while two tokens are good, which no register is like. */
  readonly hasGrace?: true
  readonly run: (ground: ProxyGround, lab: Lab) => Promise<readonly Finding[]>
}

/** Over applications that keep no copies: what they answer is what the store says. */
export function raced({ fault, title, limit, hasGrace, run }: Race): FaultCase {
  return {
    fault,
    topology: 'redis',
    title,
    needs: ['redis'],
    async run(lab) {
      const ground = await startProxyGround(lab, { sessions: { devices: { limit } } })
      const further = await run(ground, lab)
      return resultOf(await historyOf(ground.apps), { further, limit, isRegister: hasGrace === undefined })
    },
  }
}

interface Judged {
  readonly further: readonly Finding[]
  readonly limit: number
  readonly isRegister: boolean
}

function resultOf(history: readonly Operation[], { further, limit, isRegister }: Judged): CaseResult {
  const devices = Math.max(0, ...deviceCounts(history).values())
  const order = linearizable(isRegister ? history : [])
  return judged(history, {
    faults: 1,
    boundMs: 0,
    further: [
      ...further,
      {
        what: `sessions live at once beyond the limit of ${limit}, by the history`,
        violations: Math.max(0, devices - limit),
        of: devices,
      },
      ...(isRegister
        ? [
            {
              what: 'sessions with answers that no order explains',
              violations: order.violations.length,
              of: order.sessions,
            },
          ]
        : []),
    ],
    facts: ['signIn', 'change', 'regenerate', 'signOut', 'revokeAll'].flatMap((op) => tookOf(history, op)),
  })
}

function tookOf(history: readonly Operation[], name: string): readonly string[] {
  const these = history.filter(({ op }) => op === name)
  const took = these.flatMap(({ invokedAt, returnedAt = invokedAt }) => [returnedAt - invokedAt])
  if (these.length === 0) return []
  const count = (result: Operation['result']): number => these.filter((one) => one.result === result).length
  return [
    `${name}: ${count('done')} done, ${count('refused')} refused, ${count('unknown')} unknown; p50 ${rounded(percentile(took, 0.5))} ms, p99 ${rounded(percentile(took, 0.99))} ms`,
  ]
}
