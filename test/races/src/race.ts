/** Runs scenarios on systems and counts the runs that went wrong. */
import { closeConnections } from './browser.ts'
import { type Cluster, startCluster } from './cluster.ts'
import type { ApplicationOptions, Scenario } from './scenario.ts'
import type { Servers } from './servers.ts'
import type { Offer, System } from './system.ts'
import { World } from './world.ts'

/** One line of the answer; the JSON document has these fields and no others. */
export interface Row {
  readonly scenario: string
  readonly system: string
  readonly adapter: string
  readonly store: string
  readonly runs: number
  /** `null`: it was not run, because there is no such thing in that system. */
  readonly bad: number | null
  readonly notOffered?: Offer
}

export interface Result {
  readonly row: Row
  readonly title: string
  /** What went wrong, each once, with its number of runs. */
  readonly reasons: ReadonlyMap<string, number>
  readonly seconds: number
}

export interface RaceOptions {
  readonly scenarios: readonly Scenario[]
  /** Of each scenario, on each of the applications that it asks for. */
  readonly runs: number
  readonly onResult: (result: Result) => void
}

const LONGEST_RUN_MS = 15_000

export async function race(system: System, options: RaceOptions): Promise<void> {
  const servers = await system.servers?.()
  try {
    await raceOn(system, servers, options)
  } finally {
    await servers?.stop()
  }
}

async function raceOn(
  system: System,
  servers: Servers | undefined,
  { scenarios, runs, onResult }: RaceOptions,
): Promise<void> {
  const clusters = new Map<string, Promise<Cluster>>()
  const clusterFor = (options: ApplicationOptions): Promise<Cluster> => {
    const key = JSON.stringify(options)
    const known = clusters.get(key) ?? startCluster(system, { options, servers })
    clusters.set(key, known)
    return known
  }
  try {
    for (const scenario of scenarios) {
      if (scenario.needs !== undefined && system.notOffered?.includes(scenario.needs)) {
        onResult(notRun(scenario, system, scenario.needs))
        continue
      }
      const startedAt = performance.now()
      const outcomes: (string | undefined)[] = []
      const count = Math.min(runs, scenario.mostRuns?.(system) ?? runs)
      for (const options of scenario.applications?.(system) ?? [{}]) {
        const cluster = await clusterFor(options)
        for (let run = 0; run < count; run++)
          outcomes.push(await outcomeOf(scenario, new World(cluster, run)))
      }
      onResult(resultOf(scenario, system, { outcomes, seconds: (performance.now() - startedAt) / 1000 }))
    }
  } finally {
    for (const cluster of clusters.values()) await (await cluster).stop()
  }
}

async function outcomeOf(scenario: Scenario, world: World): Promise<string | undefined> {
  closeConnections()
  const tooLong = Promise.withResolvers<string>()
  const longest = world.cluster.system.longestRunMs ?? LONGEST_RUN_MS
  const timer = setTimeout(() => tooLong.resolve(`it took longer than ${longest / 1000} s`), longest)
  try {
    return await Promise.race([scenario.run(world), tooLong.promise.then((reason) => healed(world, reason))])
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  } finally {
    clearTimeout(timer)
  }
}

/** What a run broke that did not come to its end, the next one would find broken. */
async function healed(world: World, reason: string): Promise<string> {
  await world.heal()
  return reason
}

function notRun({ id, title }: Scenario, { system, adapter, store }: System, needs: Offer): Result {
  const row = { scenario: id, system, adapter, store, runs: 0, bad: null, notOffered: needs }
  return { row, title, reasons: new Map(), seconds: 0 }
}

function resultOf(
  scenario: Scenario,
  { system, adapter, store }: System,
  { outcomes, seconds }: { readonly outcomes: readonly (string | undefined)[]; readonly seconds: number },
): Result {
  const reasons = new Map<string, number>()
  for (const reason of outcomes) if (reason !== undefined) reasons.set(reason, (reasons.get(reason) ?? 0) + 1)
  const bad = [...reasons.values()].reduce((sum, count) => sum + count, 0)
  const row = { scenario: scenario.id, system, adapter, store, runs: outcomes.length, bad }
  return { row, title: scenario.title, reasons, seconds }
}
