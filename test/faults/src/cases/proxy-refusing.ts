/** F13: the server answers, and takes no writes, or none that need memory. */
import { setTimeout as delay } from 'node:timers/promises'
import { breakDisk, fillMemory, type Mend, type RedisServer } from '../../../programs/index.ts'
import type { Call } from '../application.ts'
import type { FaultCase } from '../case.ts'
import { signedIn } from '../crowd.ts'
import { drill } from '../drill.ts'
import { boundOf, startProxyGround } from '../ground/proxy.ts'
import { now } from '../history.ts'
import type { Finding } from '../judged.ts'

const SCALES = {
  short: { revoked: 10, staying: 20, perSecond: 100, revokeEveryMs: 200, faultMs: 1_500, leaving: 20 },
  full: { revoked: 50, staying: 100, perSecond: 500, revokeEveryMs: 300, faultMs: 10_000, leaving: 200 },
} as const

interface Refusal {
  readonly title: string
  readonly begin: (server: RedisServer) => Promise<Mend>
  /** What becomes of revocations meanwhile. */
  readonly revocations: 'done' | 'unknown'
  /** What a sign-in and a change are told. */
  readonly code: string
}

const REFUSALS: readonly Refusal[] = [
  { title: 'the server is full (OOM)', begin: fillMemory, revocations: 'done', code: 'STORE_FULL' },
  {
    title: 'the server’s disk fails (MISCONF)',
    begin: breakDisk,
    revocations: 'unknown',
    code: 'STORE_READ_ONLY',
  },
]

export const refusingCases: readonly FaultCase[] = REFUSALS.map((refusal) => ({
  fault: 'F13',
  topology: 'redis',
  title: refusal.title,
  needs: ['redis'],
  async run(lab) {
    const { faultMs, leaving, ...scale } = SCALES[lab.scale]
    const bound = boundOf(lab)
    const ground = await startProxyGround(lab, {
      server: { config: ['enable-protected-configs yes'] },
      near: { lease: bound.text },
      store: { fence: bound.text },
    })
    const { apps, beside, server } = ground
    const toLeave = await signedIn(beside, { count: leaving, as: 'leaving' })
    const found: Finding[] = []
    return await drill(lab, {
      ...scale,
      apps,
      boundMs: bound.ms,
      async fault({ staying, revoked }) {
        await delay(faultMs / 2)
        const mend = await refusal.begin(server)
        const signIns = staying.map(({ subject }): Call => ({ op: 'signIn', subject: `new-${subject}` }))
        const signOuts = toLeave.map(({ token }): Call => ({ op: 'signOut', token }))
        const revocations = revoked.map(({ session }): Call => ({ op: 'revoke', session }))
        const [begun, left, ended] = await Promise.all([
          beside.calls(signIns),
          beside.calls(signOuts),
          beside.calls(revocations),
        ])
        found.push(
          {
            what: `sign-ins that came to something else than ${refusal.code}`,
            violations: begun.filter(({ operation }) => operation.code !== refusal.code).length,
            of: begun.length,
          },
          {
            what:
              refusal.revocations === 'done'
                ? 'revocations and sign-outs that were not acknowledged'
                : 'revocations and sign-outs that were acknowledged',
            violations: [...left, ...ended].filter(
              ({ operation }) => operation.result !== refusal.revocations,
            ).length,
            of: left.length + ended.length,
          },
        )
        await delay(faultMs)
        const recoversFrom = now()
        await mend()
        return { recoversFrom }
      },
      findings: () => found,
    })
  },
}))
