/**
 * F17 and F18: much at once. One session that all ask for, and copies that are all lost at the same moment. What the store
 * is asked is counted by the store.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { Application, Held, LoadFigures } from '../application.ts'
import type { FaultCase } from '../case.ts'
import { answeredBy, percentile, signedIn } from '../crowd.ts'
import { rounded } from '../figures.ts'
import { boundOf, startProxyGround } from '../ground/proxy.ts'
import { now } from '../history.ts'
import { type Command, monitor } from '../monitor.ts'

const SCALES = {
  short: { sessions: 50, perSecond: 500, forMs: 4_000 },
  full: { sessions: 1_000, perSecond: 7_000, forMs: 20_000 },
} as const

const HOT = 0.8
const PEAK_MS = 100
const READ = 'hmget'

const hotSession: FaultCase = {
  fault: 'F17',
  topology: 'redis',
  title: 'four of five checks are for one session, in three applications',
  needs: ['redis'],
  async run(lab) {
    const { sessions: count, perSecond, forMs } = SCALES[lab.scale]
    const bound = boundOf(lab)
    const { apps, beside, server } = await startProxyGround(lab, {
      near: { lease: bound.text },
      store: { fence: bound.text },
    })
    const sessions = await signedIn(beside, { count, as: 'user' })
    const even = await loaded(apps, { sessions, perSecond, forMs: forMs / 2 })
    const reads: Command[] = []
    const hot = rosterOf(sessions[0])
    const stop = await monitor(lab, server, (command) => {
      if (command.name === READ && command.text.includes(hot)) reads.push(command)
    })
    const beganAt = now()
    const uneven = await loaded(apps, { sessions, perSecond, forMs, hot: HOT })
    stop()
    const most = Math.max(0, ...countsOf(reads))
    // A copy that nobody confirms is not used, and is read again.
    const putOff = uneven.results['unavailable'] ?? 0
    const mayBe = Math.floor((now() - beganAt) / bound.ms) + 1
    return {
      operations: even.sent + uneven.sent,
      faults: 1,
      violations: (putOff === 0 ? Math.max(0, most - mayBe) : 0) + unexpected(uneven) + unexpected(even),
      facts: [
        `store reads of the hot session by one application in ${forMs} ms: at most ${most} (one in ${bound.text} may be: ${mayBe})`,
        `${uneven.sent} checks, of the hot session ${Math.round(uneven.sent * HOT)}: ${reads.length} store reads in ${apps.length} applications`,
        `checks of the others: p99 ${rounded(percentile(uneven.othersTookMs, 0.99))} ms; without a hot session ${rounded(percentile(even.tookMs, 0.99))} ms`,
        `checks that were put off: ${putOff}${putOff === 0 ? '' : ' – too busy a machine to count reads'}`,
      ],
    }
  },
}

const copiesLost: FaultCase = {
  fault: 'F18',
  topology: 'redis',
  title: 'all applications lose all their copies at once, under load',
  needs: ['redis'],
  async run(lab) {
    const { sessions: count, perSecond, forMs } = SCALES[lab.scale]
    const bound = boundOf(lab)
    const { apps, beside, behind, server } = await startProxyGround(lab, {
      near: { lease: bound.text },
      store: { fence: bound.text },
    })
    const sessions = await signedIn(beside, { count, as: 'user' })
    for (const app of apps) await answeredBy(app, sessions)
    const reads: Command[] = []
    const stop = await monitor(lab, server, (command) => {
      if (command.name === READ) reads.push(command)
    })
    let lostAt = 0
    const figures = await loaded(apps, {
      sessions,
      perSecond,
      forMs,
      async meanwhile() {
        await delay(forMs / 2)
        await server.cli('CLIENT', 'KILL', 'USER', 'default')
        lostAt = Date.now()
      },
    })
    stop()
    const after = reads.filter(({ at }) => at >= lostAt && at < lostAt + bound.ms)
    const before = reads.filter(({ at }) => at < lostAt)
    // A new connection for reads empties the copies; so does, with ioredis, a new one on which changes are heard.
    const fills = 1 + behind.reduce((sum, { driver }) => sum + (driver === 'ioredis' ? 2 : 1), 0)
    const most = fills * sessions.length
    const perKey = after.length / most
    return {
      operations: figures.sent,
      faults: 1,
      violations: (figures.results['none'] ?? 0) + Math.max(0, Math.ceil(after.length - most * RETRIES)),
      facts: [
        `store reads in the ${bound.text} after: ${after.length}; ${fills} times emptied × ${sessions.length} sessions: ${most}; each ${rounded(perKey)} times (may be ${RETRIES})`,
        `most within ${PEAK_MS} ms: ${mostWithin(after, PEAK_MS)} after, ${mostWithin(before, PEAK_MS)} before`,
        `${figures.sent} checks: p50 ${rounded(percentile(figures.tookMs, 0.5))} ms, p99 ${rounded(percentile(figures.tookMs, 0.99))} ms; put off ${figures.results['unavailable'] ?? 0}, refused ${figures.results['none'] ?? 0}`,
      ],
    }
  },
}

/** How many times each may be read: once, and a few again. */
const RETRIES = 1.1

export const rushCases: readonly FaultCase[] = [hotSession, copiesLost]

interface Rush {
  readonly sessions: readonly Held[]
  /** In each application. */
  readonly perSecond: number
  readonly forMs: number
  readonly hot?: number
  readonly meanwhile?: () => Promise<void>
}

/** Of all applications together. */
async function loaded(
  apps: readonly Application[],
  { forMs, meanwhile, ...load }: Rush,
): Promise<LoadFigures> {
  await Promise.all(apps.map((app) => app.load({ ...load, recorded: false })))
  const until = now() + forMs
  await meanwhile?.()
  await delay(Math.max(0, until - now()))
  const figures = await Promise.all(apps.map((app) => app.quiet()))
  const results: Record<string, number> = {}
  for (const one of figures)
    for (const [result, count] of Object.entries(one.results))
      results[result] = (results[result] ?? 0) + count
  return {
    sent: figures.reduce((sum, { sent }) => sum + sent, 0),
    results,
    tookMs: figures.flatMap(({ tookMs }) => tookMs),
    othersTookMs: figures.flatMap(({ othersTookMs }) => othersTookMs),
  }
}

/** Everybody is signed in. */
function unexpected({ results }: LoadFigures): number {
  return results['none'] ?? 0
}

/** By connection. */
function countsOf(commands: readonly Command[]): readonly number[] {
  const counts = new Map<string, number>()
  for (const { from } of commands) counts.set(from, (counts.get(from) ?? 0) + 1)
  return [...counts.values()]
}

/** The most in any such time. */
function mostWithin(commands: readonly Command[], ms: number): number {
  let most = 0
  let first = 0
  for (const [index, { at }] of commands.entries()) {
    while ((commands[first]?.at ?? at) <= at - ms) first++
    most = Math.max(most, index - first + 1)
  }
  return most
}

function rosterOf(held: Held | undefined): string {
  return held?.session.slice(0, 16) ?? ''
}
