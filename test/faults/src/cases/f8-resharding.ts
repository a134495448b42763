/**
 * F8. A thousand slots of a cluster move to another node while sessions are signed in, changed, checked, revoked one by
 * one and all at once, and evicted by the limit. Whoever is put off tries again for a second, at least five times;
 * then nobody may be put off any more, and in the end everybody has to read the same.
 */
import type { RedisCluster, RedisServer } from '../../../programs/index.ts'
import type { Application } from '../application.ts'
import type { FaultCase } from '../case.ts'
import { deviceCounts } from '../checkers/device-count.ts'
import { linearizable } from '../checkers/linearizable.ts'
import { percentile, signedIn } from '../crowd.ts'
import { historyOf } from '../drill.ts'
import { startClusterGround } from '../ground/cluster.ts'
import { judged } from '../judged.ts'
import { countDivergences, startCustomers, type Customers } from '../resharding/customers.ts'

const SCALES = {
  short: { slots: 40, counters: 20, subjects: 6 },
  full: { slots: 1_000, counters: 120, subjects: 40 },
} as const
/** What is put off has to be the cluster's doing and not that of a busy machine. How long it took is printed. */
const PATIENT = { deadline: '5s', commitDeadline: '10s' } as const
const LIMIT = 3

export const resharding: FaultCase = {
  fault: 'F8',
  topology: 'cluster-3+3',
  title: 'slots move to another node under load',
  needs: ['redis'],
  async run(lab) {
    const scale = SCALES[lab.scale]
    const { cluster, here, there } = await startClusterGround(lab, {
      sessions: { devices: { limit: LIMIT, policy: 'evict-oldest' }, ...PATIENT },
    })
    const apps = [there, ...here]
    const customers = await Promise.all(apps.map((app) => customersOf(app, scale)))
    const [from, to] = cluster.nodes as readonly [RedisServer, RedisServer]
    const slots = await slotsToMove(cluster, { from, count: scale.slots })
    for (const [index, slot] of slots.entries()) {
      await moveSlot(cluster, slot, to)
      if (index % 100 === 99) lab.log(`${index + 1} slots have moved`)
    }
    const done = await Promise.all(customers.map((each) => each.stop()))
    const divergences = await countDivergences(done, apps)
    const history = await historyOf(apps)
    const devices = Math.max(0, ...deviceCounts(history).values())
    const unlike = linearizable(history)
    const failures = done.flatMap(({ failed }) => failed)
    const took = done.flatMap(({ tookMs }) => tookMs)
    return judged(history, {
      faults: slots.length,
      boundMs: 0,
      further: [
        {
          what: 'operations that failed after retries',
          violations: failures.length,
          of: took.length,
        },
        {
          what: 'sessions whose data diverges from what was acknowledged, or between applications',
          ...divergences,
        },
        {
          what: 'subjects with more live sessions than the limit',
          violations: devices > LIMIT ? 1 : 0,
          of: scale.subjects * apps.length,
        },
        {
          what: 'sessions whose history is not linearizable',
          violations: unlike.violations.length,
          of: unlike.sessions,
        },
      ],
      recoveryP99Ms: percentile(took, 0.99),
      facts: [
        `slots moved: ${slots.length}, each with its keys; operations that had to be tried again: ${done.reduce((sum, { retried }) => sum + retried, 0)}`,
        `operations that took longer than a second with their retries: ${took.filter((ms) => ms > 1_000).length} of ${took.length}`,
        `an operation with its retries took at most ${Math.round(took.reduce((most, one) => Math.max(most, one), 0))} ms`,
        ...failures.slice(0, 10).map((failure) => `failed: ${failure}`),
      ],
    })
  },
}

async function customersOf(
  app: Application,
  { counters, subjects }: { readonly counters: number; readonly subjects: number },
): Promise<Customers> {
  const held = await signedIn(app, { count: counters, as: `counter-${app.name}` })
  return startCustomers(app, { counters: held, subjects })
}

/** In steps, so that requests come in between. */
async function moveSlot(cluster: RedisCluster, slot: number, to: RedisServer): Promise<void> {
  const migration = await cluster.beginMigration(slot, to)
  await migration.moveKeys()
  await migration.finish()
}

/** Those with keys first: of 16,384 slots only as many as there are tags have any. */
async function slotsToMove(
  cluster: RedisCluster,
  { from, count }: { readonly from: RedisServer; readonly count: number },
): Promise<readonly number[]> {
  const keys = (await from.cli('KEYS', 'sojourn:*')).split('\n')
  const used = new Set(await Promise.all(keys.map(cluster.slotOf)))
  const others = Array.from({ length: count }, (_, slot) => slot).filter((slot) => !used.has(slot))
  return [...used, ...others].slice(0, count)
}
