/** One balancer with one kind of affinity in front of a fleet, through all phases: what comes of it, row by row. */
import { setTimeout as delay } from 'node:timers/promises'
import { type Affinity, type Balancer, type BalancerName, startBalancer } from './balancers.ts'
import { type Crowd, gather, type LoadOptions, type Tally } from './crowd.ts'
import { type Fleet, NAMES, type Name, startFleet } from './fleet.ts'
import type { Figures, Keeping, Pace } from './messages.ts'
import { createBrowser } from './visitor.ts'

export interface Row {
  readonly balancer: BalancerName
  readonly affinity: Affinity
  readonly sessions: Keeping
  readonly phase: string
  readonly requests: number
  readonly failed: number
  /** How they failed, and how often. */
  readonly failures: Readonly<Record<string, number>>
  readonly wrong: number
  /** What was wrong, each time. */
  readonly problems: readonly string[]
  readonly lost: number
  readonly stale: number
  readonly switches: number
  /** Of the reads of sessions, those that a near copy answered; what a killed process counted is not in it. */
  readonly hitRatio: number
  /** Requests by process. */
  readonly served: Readonly<Record<Name, number>>
}

export interface Trial {
  readonly phase: (name: string, phase: Phase) => Promise<Row>
  readonly stop: () => Promise<void>
}

export interface TrialOptions {
  readonly balancer: BalancerName
  readonly affinity: Affinity
  readonly sessions: Keeping
  readonly pace: Pace
  readonly redisUrl: string
  readonly visitors: number
  /** One that runs already, and goes on afterwards. Default: one of its own. */
  readonly fleet?: Fleet
}

export interface Phase {
  readonly pauseMs: number
  /** What happens under the load, which goes on until it is over. */
  readonly act: (on: Stage) => Promise<unknown>
}

interface Stage {
  readonly fleet: Fleet
  /** Resolves when each visitor has had so many answers since the phase began. */
  readonly turns: (count: number) => Promise<void>
  /** Resolves when the balancer sends requests to this process. */
  readonly isUsed: (name: Name) => Promise<void>
}

const POLL_MS = 50
const MOST_POLLS = 2400

export async function startTrial({
  redisUrl,
  visitors,
  pace,
  fleet: given,
  ...kind
}: TrialOptions): Promise<Trial> {
  const { balancer: name, affinity, sessions } = kind
  const fleet = given ?? (await startFleet({ sessions, pace, redisUrl, prefix: `${name}-${affinity}` }))
  const leaveFleet = async (): Promise<void> => {
    if (given === undefined) await fleet.stop()
  }
  const balancer = await startBalancer(name, { affinity, pace, ports: fleet.ports }).catch(
    async (error: unknown) => {
      await leaveFleet()
      throw error
    },
  )
  const stop = async (): Promise<void> => {
    crowd?.close()
    await balancer.stop()
    await leaveFleet()
  }
  let crowd: Crowd | undefined
  try {
    for (const each of NAMES) await isUsed(each, balancer)
    const gathered = await gather(visitors, balancer)
    crowd = gathered
    return {
      stop,
      phase: async (phase, { pauseMs, act }) => {
        const before = await fleet.figures()
        const tally = await under(gathered, pauseMs, (turns) =>
          act({ fleet, turns, isUsed: (each) => isUsed(each, balancer) }),
        )
        const after = await fleet.figures()
        const settled = await gathered.settle()
        return { ...kind, phase, ...counted(tally, settled), hitRatio: ratio(before, after) }
      },
    }
  } catch (error) {
    await stop()
    throw error
  }
}

/** The load goes on until `act` is over, also when it fails. */
async function under(
  crowd: Crowd,
  pauseMs: number,
  act: (turns: Stage['turns']) => Promise<unknown>,
): Promise<Tally> {
  let least = 0
  let isActing = true
  const isOver: LoadOptions['isOver'] = (turns) => {
    least = turns
    return !isActing
  }
  const loading = crowd.load({ pauseMs, isOver })
  try {
    await act((count) => until(`each visitor had ${count} answers`, async () => least >= count))
  } finally {
    isActing = false
    await loading
  }
  return await loading
}

/** Whoever has no cookie, and another address each time, is sent to any of them. */
async function isUsed(name: Name, balancer: Balancer): Promise<void> {
  let at = 0
  await until(`the balancer sends requests to ${name}`, async () => {
    const { ask, close } = createBrowser({ balancer, from: `127.0.2.${(at++ % 200) + 1}` })
    try {
      return (JSON.parse((await ask('GET', '/whoami')).body) as { readonly process: string }).process === name
    } catch {
      return false
    } finally {
      close()
    }
  })
}

async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  for (let poll = 0; poll < MOST_POLLS; poll++) {
    if (await isSo()) return
    await delay(POLL_MS)
  }
  throw new Error(`It does not come about that ${what}.`)
}

/** `settled` is what they were answered when it was over, and no part of the load. */
function counted(tally: Tally, settled: Tally): Omit<Row, keyof TrialOptions | 'phase' | 'hitRatio'> {
  const of = (name: Name): number => tally.byProcess.get(name) ?? 0
  const failures = [
    ...tally.failed,
    ...[...settled.failed].map(([how, count]) => [`${how}, in the end`, count] as const),
  ]
  const problems = [...tally.wrong, ...settled.wrong]
  return {
    requests: tally.requests,
    failed: failures.reduce((sum, [, count]) => sum + count, 0),
    failures: Object.fromEntries(failures),
    wrong: problems.length,
    problems,
    lost: tally.lost + settled.lost,
    stale: tally.stale,
    switches: tally.switches,
    served: { one: of('one'), two: of('two'), three: of('three') },
  }
}

function ratio(before: Figures, after: Figures): number {
  return (after.hits - before.hits) / (after.all - before.all)
}
