/**
 * F7. One primary of a cluster and two applications are cut off from all other nodes. Its replica takes its slots; the
 * applications reach the old one and nothing else. Sessions of the other primaries are served all the while to whoever
 * stayed with them, and revoked: those who are cut off have copies of them.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { Application, Held } from '../application.ts'
import type { FaultCase } from '../case.ts'
import { percentile, untilServed } from '../crowd.ts'
import { acceptedBetween } from '../cut-off.ts'
import { drill, namesOf } from '../drill.ts'
import { sessionsAt, startClusterGround } from '../ground/cluster.ts'
import { fenceMsOf } from '../ground/fence.ts'
import { now, type Operation } from '../history.ts'
import type { Finding } from '../judged.ts'
import { until } from '../patience.ts'

const SCALES = {
  short: { revoked: 90, staying: 30, perSecond: 80, revokeEveryMs: 100, cutMs: 3_000 },
  full: { revoked: 3_000, staying: 90, perSecond: 300, revokeEveryMs: 30, cutMs: 30_000 },
} as const

/** Who is on another primary must be put off by nobody; a busy machine shall not decide that. */
const PATIENT = { deadline: '5s', commitDeadline: '10s' } as const

export const clusterMinority: FaultCase = {
  fault: 'F7',
  topology: 'cluster-3+3',
  title: 'a primary and two applications are cut off from the other nodes',
  needs: ['namespaces', 'redis'],
  canBreak: true,
  async run(lab) {
    const { cutMs, ...scale } = SCALES[lab.scale]
    const { cluster, here, there, cuts, beside, minority, majority } = await startClusterGround(lab, {
      sessions: PATIENT,
    })
    const boundMs = fenceMsOf(lab)
    const apps = [there, ...here]
    let cutAt = 0
    let elsewhere: readonly Held[] = []
    return drill(lab, {
      ...scale,
      boundMs,
      apps,
      revokers: [there],
      async fault({ staying, revoked }) {
        const its = await sessionsAt(beside, [...staying, ...revoked])
        elsewhere = staying.filter((held) => !its.includes(held))
        const slot = await cluster.slotOf(await anyKeyOf(beside))
        await delay(1_000)
        cuts.between(minority, majority)
        cutAt = now()
        await Promise.all(
          here.map((app) =>
            revokeAll(
              app,
              its.filter((held) => revoked.includes(held)),
            ),
          ),
        )
        await until('a replica takes the slots', async () => (await cluster.primaryOf(slot)) !== beside)
        for (const held of staying) await untilServed(there, [held])
        await delay(Math.max(0, cutAt + cutMs - now()))
        const recoversFrom = now()
        cuts.heal()
        await cluster.whole()
        return { recoversFrom, recovering: here }
      },
      findings: (history, { recoversFrom }) => [
        acceptedBetween(history, { nodes: namesOf(here), after: cutAt + boundMs, before: recoversFrom }),
        // With a fence of one second a busy machine is enough to put somebody off.
        ...(lab.scale === 'short'
          ? []
          : [unaffected(history, { node: there.name, sessions: elsewhere, from: cutAt, to: recoversFrom })]),
      ],
      facts: (history, { recoversFrom }) => [
        `sessions of other primaries, p99 of a check: ${p99(history, { node: there.name, sessions: elsewhere, from: 0, to: cutAt })} ms before, ${p99(history, { node: there.name, sessions: elsewhere, from: cutAt, to: recoversFrom })} ms during the cut`,
      ],
    })
  },
}

async function revokeAll(app: Application, sessions: readonly Held[]): Promise<void> {
  await app.calls(sessions.map(({ session }) => ({ op: 'revoke', session })))
}

interface Part {
  readonly node: string
  readonly sessions: readonly Held[]
  readonly from: number
  readonly to: number
}

function checksIn(history: readonly Operation[], { node, sessions, from, to }: Part): readonly Operation[] {
  const ids = new Set(sessions.map(({ session }) => session))
  return history.filter(
    (operation) =>
      operation.op === 'verify' &&
      operation.node === node &&
      ids.has(operation.session ?? '') &&
      operation.invokedAt > from &&
      operation.invokedAt < to,
  )
}

function unaffected(history: readonly Operation[], part: Part): Finding {
  const checks = checksIn(history, part)
  return {
    what: 'checks of sessions on other primaries that were put off for whoever stayed',
    violations: checks.filter(({ result }) => result !== 'valid').length,
    of: checks.length,
  }
}

function p99(history: readonly Operation[], part: Part): string {
  const took = checksIn(history, part).map(({ invokedAt, returnedAt = invokedAt }) => returnedAt - invokedAt)
  return percentile(took, 0.99).toFixed(1)
}

async function anyKeyOf(server: { readonly cli: (...args: string[]) => Promise<string> }): Promise<string> {
  return (await server.cli('RANDOMKEY')) || 'nothing'
}
