/**
 * A primary with two replicas that vote and three Sentinels, each at an address of its own, and applications at theirs:
 * some that will be cut off together with the primary, one that stays with the others.
 */
import { type RedisSentinels, startSentinel } from '../../../programs/index.ts'
import { type Application, type ApplicationOptions, DRIVERS, type Driver, type Held } from '../application.ts'
import type { RedisPlace } from '../application/options.ts'
import type { Lab } from '../case.ts'
import { untilServed } from '../crowd.ts'
import { now } from '../history.ts'
import { createCuts, type Cuts } from '../namespaces.ts'
import { until } from '../patience.ts'
import { pick } from '../random.ts'
import { started } from './applications.ts'
import { fenceOf } from './fence.ts'

export interface SentinelGround {
  readonly group: RedisSentinels
  /** Beside the primary, one of each driver. */
  readonly here: readonly Application[]
  /** Beside the replicas and Sentinels. */
  readonly there: Application
  readonly cuts: Cuts
  /** The primary's address and those of `here`. */
  readonly minority: readonly string[]
  readonly majority: readonly string[]
  readonly addressOf: (app: Application) => string
}

export interface Wanted {
  /** Default: as the lab says. */
  readonly voters?: number
  /** Default 5 s, in a short run 1 s; the lease is the same. */
  readonly fence?: '1s' | '5s'
  /** Where the applications that will be cut off think the store is. Default: as the Sentinels say. */
  readonly hereAt?: (group: RedisSentinels) => RedisPlace
  readonly sessions?: ApplicationOptions['sessions']
  /** Of the replicas' processes. */
  readonly replicaEnv?: Readonly<Record<string, string>>
}

const SERVERS = ['127.0.1.1', '127.0.1.2', '127.0.1.3', '127.0.1.11', '127.0.1.12', '127.0.1.13'] as const
const HERE: Readonly<Record<Driver, string>> = { 'node-redis': '127.0.2.1', ioredis: '127.0.2.2' }
const THERE = '127.0.2.3'
const VOTERS = 2

export async function startSentinelGround(lab: Lab, wanted: Wanted = {}): Promise<SentinelGround> {
  const cuts = createCuts()
  const group = await startSentinel({ hosts: SERVERS, replicaEnv: wanted.replicaEnv ?? {} })
  lab.clean(group.stop)
  lab.clean(cuts.heal)
  const { voters = lab.broken ? 0 : VOTERS, fence = fenceOf(lab), hereAt = placeOf, sessions = {} } = wanted
  const shared = { store: { voters, fence }, near: { lease: fence }, sessions } as const
  const start = (
    own: Pick<ApplicationOptions, 'name' | 'driver' | 'redis' | 'localAddress'>,
  ): Promise<Application> => started(lab, { ...shared, ...own })
  const [there, ...here] = await Promise.all([
    start({ name: 'there', driver: pick(DRIVERS, lab.seed), redis: placeOf(group), localAddress: THERE }),
    ...DRIVERS.map((driver) =>
      start({ name: `here-${driver}`, driver, redis: hereAt(group), localAddress: HERE[driver] }),
    ),
  ])
  const [primary, ...others] = SERVERS
  const addresses = new Map(DRIVERS.map((driver) => [`here-${driver}`, HERE[driver]]))
  return {
    group,
    here,
    there,
    cuts,
    minority: [primary, ...Object.values(HERE)],
    majority: [...others, THERE],
    addressOf: ({ name }) => addresses.get(name) ?? THERE,
  }
}

/** Whether the Sentinels have another primary by now; while they disagree, they have not. */
export async function isReplaced({ currentPrimary, primary }: RedisSentinels): Promise<boolean> {
  return currentPrimary().then(
    (named) => named !== primary,
    () => false,
  )
}

/** Resolves when there is another primary and each application is served by it. @returns since when it was named */
export async function untilReplaced(
  group: RedisSentinels,
  { apps, sessions }: { readonly apps: readonly Application[]; readonly sessions: readonly Held[] },
): Promise<number> {
  await until('another primary is promoted', () => isReplaced(group))
  const namedAt = now()
  for (const app of apps) await untilServed(app, sessions)
  return namedAt
}

function placeOf(group: RedisSentinels): RedisPlace {
  return { sentinels: group.sentinels.map(({ host, port }) => ({ host, port })), name: group.name }
}
