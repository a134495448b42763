/**
 * F14. A replica whose clock is an hour ahead, or behind, is promoted. What it thinks of time decides about no session:
 * none is accepted past its end, and none is over before.
 */
import type { RedisServer } from '../../../programs/index.ts'
import type { Application } from '../application.ts'
import type { CaseResult, FaultCase, Lab, Scale } from '../case.ts'
import { signedIn, untilServed } from '../crowd.ts'
import { historyOf } from '../drill.ts'
import { fenceMsOf } from '../ground/fence.ts'
import { isReplaced, startSentinelGround } from '../ground/sentinel.ts'
import type { Operation } from '../history.ts'
import { type Finding, judged } from '../judged.ts'
import { until } from '../patience.ts'
import { skewedClock } from '../skew/skewed-clock.ts'

const HOUR_S = 3_600
/** A failover has to fit in. */
const LASTS_S: Readonly<Record<Scale, number>> = { short: 15, full: 30 }
/** How far the clocks of machines may be apart, by the guarantees. */
const EPSILON_MS = 2_000
const SESSIONS = 100
const PER_SECOND = 200

export const clockAhead = skewed('ahead', HOUR_S)
export const clockBehind = skewed('behind', -HOUR_S)

function skewed(which: string, skewS: number): FaultCase {
  return {
    fault: 'F14',
    topology: 'sentinel-1+2',
    title: `a replica whose clock is an hour ${which} is promoted`,
    needs: ['namespaces', 'redis'],
    run: (lab) => promoteSkewed(lab, skewS),
  }
}

async function promoteSkewed(lab: Lab, skewS: number): Promise<CaseResult> {
  const lastsS = LASTS_S[lab.scale]
  const lifetime = { idle: `${lastsS}s`, absolute: `${lastsS}s` } as const
  const { group, here, there } = await startSentinelGround(lab, {
    fence: '1s',
    replicaEnv: skewedClock(lab, skewS),
    sessions: { lifetime },
  })
  const apps = [there, ...here]
  const skew = await skewOf(group.replicas[0] as RedisServer)
  if (Math.abs(skew - skewS) > HOUR_S / 2) throw new Error(`The clock of the replica is ${skew} s ahead.`)

  const before = await signedIn(there, { count: SESSIONS, as: 'before' })
  await group.primary.kill()
  await until('another primary is promoted', () => isReplaced(group))
  for (const app of apps) await untilServed(app, before)
  const after = await signedIn(there, { count: SESSIONS, as: 'after' })
  await Promise.all(apps.map((app) => app.load({ sessions: [...before, ...after], perSecond: PER_SECOND })))
  await untilOver(apps, [...before, ...after].at(-1)?.token ?? '')
  await Promise.all(apps.map((app) => app.quiet()))

  const history = await historyOf(apps)
  const ends = endsOf(history, lastsS * 1_000)
  return judged(history, {
    faults: 1,
    boundMs: fenceMsOf(lab),
    explained: ({ session = '', returnedAt = 0 }) => returnedAt >= (ends.get(session)?.earliest ?? Infinity),
    further: [acceptedPastEnd(history, ends)],
    facts: [`the clock of the promoted server: ${Math.round(skew)} s from this machine's`],
  })
}

interface End {
  readonly earliest: number
  readonly latest: number
}

function endsOf(history: readonly Operation[], lastsMs: number): ReadonlyMap<string, End> {
  return new Map(
    history.flatMap(({ op, session, invokedAt, returnedAt = Infinity }) =>
      op === 'signIn' && session !== undefined
        ? [[session, { earliest: invokedAt + lastsMs, latest: returnedAt + lastsMs }] as const]
        : [],
    ),
  )
}

function acceptedPastEnd(history: readonly Operation[], ends: ReadonlyMap<string, End>): Finding {
  const past = ({ session = '', invokedAt }: Operation): number =>
    invokedAt - (ends.get(session)?.latest ?? Infinity) - EPSILON_MS
  const late = history.filter((check) => check.op === 'verify' && past(check) > 0)
  const accepted = late.filter(({ result }) => result === 'valid')
  return {
    what: 'checks accepted past the absolute deadline + ε',
    violations: accepted.length,
    of: late.length,
    worstLatenessMs: Math.max(0, ...accepted.map(past)),
  }
}

/** The last one has ended, and whoever had a copy has looked again. */
async function untilOver(apps: readonly Application[], token: string): Promise<void> {
  for (const app of apps) {
    await until('the last session is over', async () => {
      const { operation } = await app.call({ op: 'verify', token })
      return operation.result === 'none'
    })
  }
  await new Promise((done) => setTimeout(done, 2 * EPSILON_MS))
}

async function skewOf(server: RedisServer): Promise<number> {
  const [seconds = '0'] = (await server.cli('TIME')).split('\n')
  return Number(seconds) - Date.now() / 1_000
}
