/**
 * F15. An application is stopped for longer than the lease of its copies, between one check and the next, and goes on as if
 * nothing had happened. Whatever was revoked meanwhile it refuses by its first check.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { FaultCase } from '../case.ts'
import { drill } from '../drill.ts'
import { boundOf, startProxyGround } from '../ground/proxy.ts'
import { now, type Operation } from '../history.ts'

const SCALES = {
  short: { revoked: 20, staying: 20, perSecond: 150, revokeEveryMs: 120, stoppedMs: 2_000 },
  full: { revoked: 150, staying: 150, perSecond: 600, revokeEveryMs: 200, stoppedMs: 30_000 },
} as const

export const stoppedApplication: FaultCase = {
  fault: 'F15',
  topology: 'redis',
  title: 'two applications are stopped for longer than the lease (SIGSTOP), and go on',
  needs: ['redis'],
  async run(lab) {
    const { stoppedMs, ...scale } = SCALES[lab.scale]
    const bound = boundOf(lab)
    const { apps, beside, behind } = await startProxyGround(lab, {
      near: { lease: bound.text },
      store: { fence: bound.text },
    })
    const nodes = new Set(behind.map(({ app }) => app.name))
    return await drill(lab, {
      ...scale,
      apps,
      revokers: [beside],
      boundMs: bound.ms,
      async fault() {
        await delay(scale.revokeEveryMs * 3)
        for (const { app } of behind) app.pause()
        await delay(stoppedMs)
        const recoversFrom = now()
        for (const { app } of behind) app.resume()
        return { count: behind.length, recoversFrom, recovering: behind.map(({ app }) => app) }
      },
      findings: (history, { recoversFrom }) => [staleAfter(history, nodes, recoversFrom - bound.ms)],
    })
  },
}

/** Of what was revoked so long before they went on that no copy may be older. */
function staleAfter(history: readonly Operation[], nodes: ReadonlySet<string>, revokedBefore: number) {
  const revoked = new Set(
    history.flatMap(({ op, session, returnedAt = Number.POSITIVE_INFINITY }) =>
      op === 'revoke' && session !== undefined && returnedAt < revokedBefore ? [session] : [],
    ),
  )
  const asked = history.filter(
    ({ op, node, session = '', invokedAt }) =>
      op === 'verify' && nodes.has(node) && revoked.has(session) && invokedAt > revokedBefore,
  )
  return {
    what: 'checks accepted after the stop by a lease of before it',
    violations: asked.filter(({ result }) => result === 'valid').length,
    of: asked.length,
  }
}
