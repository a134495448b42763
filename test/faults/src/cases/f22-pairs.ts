/**
 * F22. Any two machines of a group are cut off from each other, one pair after another, and everybody else reaches both.
 * What is served meanwhile is printed; what is served is right.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { Application } from '../application.ts'
import type { FaultCase } from '../case.ts'
import { untilServed } from '../crowd.ts'
import { drill } from '../drill.ts'
import { startSentinelGround } from '../ground/sentinel.ts'
import { now, type Operation } from '../history.ts'
import { until } from '../patience.ts'
import { randomFrom } from '../random.ts'

const SCALES = {
  short: { revoked: 20, staying: 20, perSecond: 50, revokeEveryMs: 300, pairs: 3 },
  full: { revoked: 600, staying: 100, perSecond: 200, revokeEveryMs: 1_000, pairs: Infinity },
} as const
/** Longer than the fence, which is a second here, and than a failover. */
const CUT_MS = 5_000
const FENCE_MS = 1_000
/** A busy machine puts off one check in a hundred. */
const WELL = 99

interface Machine {
  readonly name: string
  readonly address: string
}

interface Pair {
  readonly one: Machine
  readonly other: Machine
  readonly from: number
  readonly to: number
}

export const pairs: FaultCase = {
  fault: 'F22',
  topology: 'sentinel-1+2',
  title: 'any two machines are cut off from each other, one pair after another',
  needs: ['namespaces', 'redis'],
  async run(lab) {
    const { pairs: most, ...scale } = SCALES[lab.scale]
    const ground = await startSentinelGround(lab, { fence: '1s' })
    const { group, cuts, there, here } = ground
    const apps = [there, ...here]
    const applications = apps.map((app) => ({ name: app.name, address: ground.addressOf(app) }))
    const cut: Pair[] = []
    return drill(lab, {
      ...scale,
      boundMs: FENCE_MS,
      apps,
      revokers: apps,
      async fault({ staying }) {
        const recoversFrom = now()
        const chosen = shuffled(pairsOf(await serversNow(), applications), lab.seed).slice(0, most)
        const recoveries: number[] = []
        for (const [first, second] of chosen) {
          // Who is the primary may have changed.
          const names = new Map((await serversNow()).map(({ name, address }) => [address, name]))
          const named = (machine: Machine): Machine => ({
            ...machine,
            name: names.get(machine.address) ?? machine.name,
          })
          const [one, other] = [named(first), named(second)]
          const from = now()
          cuts.oneWay([one.address], [other.address])
          cuts.oneWay([other.address], [one.address])
          await delay(CUT_MS)
          cuts.heal()
          const to = now()
          cut.push({ one, other, from, to })
          for (const app of apps) await untilServed(app, staying)
          recoveries.push(now() - to)
          await until('the group is whole', isWhole)
        }
        return { count: cut.length, recoversFrom, recoveries }
      },
      facts: (history) => [
        `pairs that were cut: ${cut.length}; whoever answered less than ${WELL} % meanwhile:`,
        ...cut.flatMap((pair) => availability(history, { pair, apps })),
      ],
    })

    async function serversNow(): Promise<readonly Machine[]> {
      const primary = await group.currentPrimary()
      const data = [group.primary, ...group.replicas]
      return [
        ...data.map((server, index) => ({
          name: server === primary ? 'the primary' : `replica ${index}`,
          address: server.host,
        })),
        ...group.sentinels.map(({ host }, index) => ({ name: `Sentinel ${index + 1}`, address: host })),
      ]
    }

    async function isWhole(): Promise<boolean> {
      const primary = await group.currentPrimary().catch(() => undefined)
      const info = (await primary?.cli('INFO', 'replication')) ?? ''
      return (info.match(/state=online/g) ?? []).length === group.replicas.length
    }
  },
}

/** Two applications have nothing to say to each other. */
function pairsOf(
  servers: readonly Machine[],
  applications: readonly Machine[],
): readonly (readonly [Machine, Machine])[] {
  return servers.flatMap((one, index) =>
    [...servers.slice(index + 1), ...applications].map((other) => [one, other] as const),
  )
}

function availability(
  history: readonly Operation[],
  { pair: { one, other, from, to }, apps }: { readonly pair: Pair; readonly apps: readonly Application[] },
): readonly string[] {
  const shares = apps.map(({ name }) => {
    const asked = history.filter(
      ({ op, node, invokedAt }) => op === 'verify' && node === name && invokedAt > from && invokedAt < to,
    )
    const answered = asked.filter(({ result }) => result !== 'unavailable')
    return { name, percent: Math.floor((100 * answered.length) / Math.max(1, asked.length)) }
  })
  const worse = shares.filter(({ percent }) => percent < WELL)
  const text = worse.map(({ name, percent }) => `${name} ${percent} %`).join(', ')
  return worse.length === 0 ? [] : [`  ${one.name} | ${other.name}: ${text}`]
}

function shuffled<T>(all: readonly T[], seed: number): readonly T[] {
  const random = randomFrom(seed)
  return all
    .map((one) => ({ one, order: random() }))
    .toSorted((first, second) => first.order - second.order)
    .map(({ one }) => one)
}
