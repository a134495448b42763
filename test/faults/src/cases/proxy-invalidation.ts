/**
 * F9 and F10: an application is not told of changes, or not of all. What it was not told bounds nothing: a copy ends with
 * its lease.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { CaseResult, FaultCase, Lab } from '../case.ts'
import { percentile } from '../crowd.ts'
import { type Crowd, drill, type Fault } from '../drill.ts'
import { droppingNews } from '../frames.ts'
import { type Behind, boundOf, type ProxyGround, startProxyGround } from '../ground/proxy.ts'
import { now, type Operation } from '../history.ts'
import { stickyRevoke } from '../checkers/sticky-revoke.ts'
import { randomFrom } from '../random.ts'

const SCALES = {
  short: { revoked: 20, staying: 20, perSecond: 200, revokeEveryMs: 150, faultMs: 3_000 },
  full: { revoked: 100, staying: 100, perSecond: 1_000, revokeEveryMs: 200, faultMs: 20_000 },
} as const

const DROP_EVERY_MS = 400
/** Of the feed's and the tracking's messages. */
const LOST_PART = 0.5

interface Plan {
  /** Begins the fault; what it answers ends it. */
  readonly begin: (ground: ProxyGround, lab: Lab) => Promise<() => unknown>
}

const oneWay = planned('F9', 'the way from the server to two applications is cut; connections stay open', {
  async begin({ behind }) {
    for (const { link } of behind) link.hold('answer')
    return () => behind.forEach(({ link }) => link.accept())
  },
})

const connectionsKilled = planned('F9', 'the connections of two applications are closed again and again', {
  async begin({ behind, server }) {
    const dropping = new AbortController()
    const dropped = drop(behind, dropping.signal)
    return async () => {
      dropping.abort()
      await dropped
      await server.cli('CLIENT', 'KILL', 'TYPE', 'normal')
    }
  },
})

const tableOverflow = planned(
  'F9',
  'the server remembers five keys only of those that it has to tell about',
  {
    async begin({ server }) {
      await server.cli('CONFIG', 'SET', 'tracking-table-max-keys', '5')
      return async () => void (await server.cli('CONFIG', 'SET', 'tracking-table-max-keys', '1000000'))
    },
  },
)

const messagesLost = planned(
  'F10',
  'half of the messages about changes are lost on the way to two applications',
  {
    async begin({ behind }, { seed }) {
      const counts = behind.map(({ link }) => {
        const { edit, lost } = droppingNews(LOST_PART, randomFrom(seed))
        link.edit('answer', edit)
        return lost
      })
      return () => {
        behind.forEach(({ link }) => link.edit('answer', (bytes) => bytes))
        return `messages lost: ${counts.reduce((sum, lost) => sum + lost(), 0)}`
      }
    },
  },
)

export const invalidationCases: readonly FaultCase[] = [
  oneWay,
  connectionsKilled,
  tableOverflow,
  messagesLost,
]

function planned(fault: string, title: string, plan: Plan): FaultCase {
  return { fault, topology: 'redis', title, needs: ['redis'], run: (lab) => run(lab, plan) }
}

async function run(lab: Lab, { begin }: Plan): Promise<CaseResult> {
  const { faultMs, ...scale } = SCALES[lab.scale]
  const bound = boundOf(lab.broken ? { scale: 'short' } : lab)
  const ground = await startProxyGround(lab, {
    near: { lease: lab.broken ? '3s' : bound.text },
    store: { fence: bound.text },
  })
  const { apps, beside, behind } = ground
  let beganAt = 0

  async function fault(_crowd: Crowd): Promise<Fault> {
    await delay(faultMs / 3)
    const mend = await begin(ground, lab)
    beganAt = now()
    await delay(faultMs)
    const said = await mend()
    const recoversFrom = now()
    return {
      count: behind.length,
      recoversFrom,
      recovering: behind.map(({ app }) => app),
      facts: typeof said === 'string' ? [said] : [],
    }
  }

  const result = await drill(lab, { ...scale, apps, revokers: [beside], boundMs: bound.ms, fault })
  const history = (await Promise.all(apps.map((app) => app.history()))).flat()
  return { ...result, facts: [...result.facts, ...delaysIn(history, { beganAt, boundMs: bound.ms })] }
}

async function drop(behind: readonly Behind[], signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    for (const { link } of behind) link.drop()
    await delay(DROP_EVERY_MS)
  }
}

/** How long after the acknowledgement sessions were accepted elsewhere, before the fault and since. */
function delaysIn(
  history: readonly Operation[],
  { beganAt, boundMs }: { readonly beganAt: number; readonly boundMs: number },
): readonly string[] {
  const of = (part: readonly Operation[]): string => {
    const { acceptedAfterMs, ended } = stickyRevoke(part, { boundMs: () => boundMs })
    const worst = Math.round(acceptedAfterMs.at(-1) ?? 0)
    return `${ended} ended, accepted for at most ${worst} ms after (p99 of those accepted ${Math.round(percentile(acceptedAfterMs, 0.99))} ms)`
  }
  const revokedBefore = new Set(
    history.flatMap(({ op, session, returnedAt = Number.POSITIVE_INFINITY }) =>
      op === 'revoke' && session !== undefined && returnedAt < beganAt ? [session] : [],
    ),
  )
  const isBefore = ({ session = '' }: Operation): boolean => revokedBefore.has(session)
  return [
    `before the fault: ${of(history.filter(isBefore))}`,
    `since the fault: ${of(history.filter((operation) => !isBefore(operation)))}`,
  ]
}
