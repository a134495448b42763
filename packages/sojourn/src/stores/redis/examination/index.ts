/** What `sojourn/doctor` learns of the Redis under a store: facts of each primary, and what they mean to the promises. */
import type { Examination, Examining } from '../../../core/findings.ts'
import type { Layout } from '../layout.ts'
import type { RedisStoreSettings } from '../options.ts'
import { askingAt } from './asking.ts'
import { factsOf } from './facts.ts'
import { judge } from './judging.ts'
import { primariesOf } from './primaries.ts'

export interface Examined {
  readonly settings: RedisStoreSettings
  readonly layout: Layout
}

/** Longer than a port takes to connect, and to replace a connection that has gone silent. */
const LEAST_PATIENCE_MS = 3_000

/** **Cost**: some fifteen commands for each primary, all answered by the server itself. Never rejects. */
export async function examineRedis(
  { settings, layout }: Examined,
  { deadlineMs }: Examining,
): Promise<Examination> {
  const { redis: port, environment, voters } = settings
  const { topology } = port.traits
  const way = { port, environment, patienceMs: Math.max(LEAST_PATIENCE_MS, deadlineMs) }
  const asking = askingAt({ ...way, key: layout.documentKey('doctor') })
  const { places, findings } = await primariesOf(asking, layout, topology === 'cluster')
  const found = await Promise.all(places.map((place) => factsOf({ ...way, ...place })))
  return {
    findings: [...findings, ...found.flatMap(({ facts }) => judge(facts, { voters, topology, deadlineMs }))],
    unseen: [...asking.unseen, ...found.flatMap(({ unseen }) => unseen)],
  }
}
