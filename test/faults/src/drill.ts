/**
 * What most cases do around their fault: sessions that are asked for all the time in every application, some of which are
 * revoked all the time, and in the end the question to everybody whether each of them is still what it should be.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { Application, Held } from './application.ts'
import type { CaseResult, Lab } from './case.ts'
import { answeredBy, percentile, signedIn, untilNothingPends } from './crowd.ts'
import type { Operation } from './history.ts'
import { type Finding, judged } from './judged.ts'

export interface Drill {
  readonly apps: readonly Application[]
  /** Those that are served again in the end, and asked. Default: all. */
  readonly lasting?: readonly Application[]
  /** How many are revoked in the course of it, and how many stay. */
  readonly revoked: number
  readonly staying: number
  /** Checks, in each application. */
  readonly perSecond: number
  /** `request`: as web requests, so that it is seen what happens to cookies. Default `verify`. */
  readonly as?: 'verify' | 'request'
  /** Whoever revokes, each its share of them, one after another. Default: nobody but the case itself. */
  readonly revokers?: readonly Application[]
  /** Between two revocations of one of them. Default 100. */
  readonly revokeEveryMs?: number
  readonly boundMs: number
  /** Brings the fault about and ends it. */
  readonly fault: (crowd: Crowd) => Promise<Fault>
  /** Whether a fault that the case declares explains that a session is over. Default: nothing does. */
  readonly explained?: (check: Operation) => boolean
  /** What the history says besides. */
  readonly findings?: (history: readonly Operation[], fault: Fault) => readonly Finding[]
  readonly facts?: (history: readonly Operation[], fault: Fault) => readonly string[]
}

export interface Crowd {
  readonly staying: readonly Held[]
  readonly revoked: readonly Held[]
}

export interface Fault {
  /** Default 1. */
  readonly count?: number
  /** Since when somebody was to be served again: when the fault was healed, or came about where it need not be healed. */
  readonly recoversFrom: number
  /** Default: all of them. */
  readonly recovering?: readonly Application[]
  /** Where there are several faults, each with a recovery of its own: how long they took. */
  readonly recoveries?: readonly number[]
  readonly facts?: readonly string[]
}

const REVOKE_EVERY_MS = 100

export async function drill(lab: Lab, plan: Drill): Promise<CaseResult> {
  const { apps, lasting = apps, perSecond, as = 'verify', boundMs, findings = () => [] } = plan
  const [first] = apps
  if (first === undefined) throw new Error('A drill needs an application.')
  const held = await signedIn(first, { count: plan.revoked + plan.staying, as: 'user' })
  const crowd: Crowd = { revoked: held.slice(0, plan.revoked), staying: held.slice(plan.revoked) }
  const watched = [...crowd.staying, ...crowd.revoked.slice(0, crowd.staying.length)]
  for (const app of apps) await answeredBy(app, held)
  await Promise.all(apps.map((app) => app.load({ sessions: watched, perSecond, as })))
  const revoking = startRevoking(plan, crowd)

  const fault = await plan.fault(crowd)
  lab.log('the fault is over')
  await Promise.all(lasting.map((app) => answeredBy(app, crowd.staying)))
  await revoking.stop()
  await untilNothingPends(lasting)
  // What was acknowledged last may be accepted until the bound is over, and only then says whether it was forgotten.
  await delay(boundMs)
  await Promise.all(apps.map((app) => app.quiet()))
  await Promise.all(lasting.map((app) => answeredBy(app, held)))

  const history = await historyOf(apps)
  const { count = 1, recovering = apps, facts = [] } = fault
  const furtherFacts = plan.facts?.(history, fault) ?? []
  const again =
    fault.recoveries ??
    servedAgain(history, {
      from: fault.recoversFrom,
      nodes: namesOf(recovering),
      among: crowd.staying,
    })
  return judged(history, {
    faults: count,
    boundMs,
    further: findings(history, fault),
    recoveryP99Ms: percentile(again, 0.99),
    facts: [...facts, ...furtherFacts, figuresOf(history)],
    ...(plan.explained === undefined ? {} : { explained: plan.explained }),
  })
}

export async function historyOf(apps: readonly Application[]): Promise<readonly Operation[]> {
  return (await Promise.all(apps.map((app) => app.history()))).flat()
}

export function namesOf(apps: readonly Application[]): ReadonlySet<string> {
  return new Set(apps.map(({ name }) => name))
}

/** How long after `from` each session that was put off then was accepted again; 0 where it never was put off. */
export function servedAgain(
  history: readonly Operation[],
  wanted: { readonly from: number; readonly nodes: ReadonlySet<string>; readonly among: readonly Held[] },
): readonly number[] {
  const sessions = new Set(wanted.among.map(({ session }) => session))
  const first = new Map<string, { refused: boolean; afterMs?: number }>()
  for (const { node, op, session = '', result, invokedAt, returnedAt = invokedAt } of inOrder(history)) {
    if (op !== 'verify' || invokedAt < wanted.from || !wanted.nodes.has(node) || !sessions.has(session))
      continue
    const seen = first.get(`${node} ${session}`) ?? { refused: false }
    first.set(`${node} ${session}`, seen)
    if (result === 'unavailable') seen.refused = true
    else if (result === 'valid' && seen.refused) seen.afterMs ??= returnedAt - wanted.from
  }
  return [...first.values()].map(({ afterMs = 0 }) => afterMs)
}

function inOrder(history: readonly Operation[]): readonly Operation[] {
  return history.toSorted((one, other) => one.invokedAt - other.invokedAt)
}

/** In turn, until told to stop or all are revoked. */
function startRevoking(
  { revokers = [], revokeEveryMs = REVOKE_EVERY_MS }: Drill,
  { revoked }: Crowd,
): { readonly stop: () => Promise<void> } {
  const stopping = new AbortController()
  const inTurn = async (app: Application, share: readonly Held[]): Promise<void> => {
    for (const { session } of share) {
      if (stopping.signal.aborted) return
      await app.call({ op: 'revoke', session })
      await delay(revokeEveryMs)
    }
  }
  const running = Promise.all(
    revokers.map((app, turn) =>
      inTurn(
        app,
        revoked.filter((_, index) => index % revokers.length === turn),
      ),
    ),
  )
  running.catch(() => {})
  return {
    async stop() {
      stopping.abort()
      await running
    },
  }
}

function figuresOf(history: readonly Operation[]): string {
  const count = (name: string): number =>
    history.filter(({ op, result }) => op === 'verify' && result === name).length
  return `checks: ${count('valid')} valid, ${count('none')} none, ${count('unavailable')} unavailable; revocations acknowledged: ${
    history.filter(({ op, result }) => op === 'revoke' && result === 'done').length
  }, open: ${history.filter(({ op, result }) => op === 'revoke' && result === 'unknown').length}`
}
