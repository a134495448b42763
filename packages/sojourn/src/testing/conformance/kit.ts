/**
 * The conformance kit for stores: every sentence of the contract (`core/store.ts`) as a numbered rule that is
 * proved against a real store. It brings no test runner and no mock.
 */
import assert from 'node:assert/strict'
import type { Environment } from '../../core/environment.ts'
import { type RosterKey, randomRosterKey, type SessionNumber } from '../../core/ids.ts'
import type { SessionStore, StoreTraits } from '../../core/store.ts'
import { systemEnvironment } from '../../environment/system.ts'
import { fakeEnvironment } from '../fake-environment.ts'
import { seeded } from '../seeded.ts'
import { changeRules } from './changes.ts'
import { documentRules } from './documents.ts'
import { expectationRules } from './expectations.ts'
import { lifetimeRules } from './lifetime.ts'
import { operationRules } from './operations.ts'
import { presenceRules } from './presence.ts'
import { raceRules } from './races.ts'
import type { RuleWorld, StoreRule } from './rule.ts'
import { sharingRules } from './sharing.ts'
import { valueRules } from './values.ts'

export interface ConformanceRunner {
  readonly describe: (name: string, body: () => void) => unknown
  readonly it: (name: string, body: () => Promise<void>) => unknown
}

export type OpenStore = (environment: Environment) => Promise<SessionStore> | SessionStore

export interface StoreConformanceOptions {
  /** Where the rules are registered: `{ describe, it }` of vitest, `node:test`, jest or mocha. */
  readonly runner: ConformanceRunner
  /** Heads the list of rules. */
  readonly name: string
  /** A store without any data, for one rule. Its time and chance are the fake's, as far as it asks for them. */
  readonly open: OpenStore
  /** Another handle on the data of the store that was opened last. Required where `traits.shared` is true. */
  readonly second?: OpenStore
  /** Opens the data of the store that was opened last once more; that one has been closed. For stores that keep data on disk. */
  readonly reopen?: OpenStore
  /** Flips a bit in the stored bytes of a header or record. For stores that keep bytes. */
  readonly damage?: (roster: RosterKey, what: SessionNumber | 'header') => Promise<void> | void
  /** Where the fake clock starts, epoch milliseconds. Default: the real time, so that a server which judges time itself agrees. */
  readonly now?: number
  /** Told how each declared deviation went. Default: a process warning. */
  readonly onDeviation?: (report: DeviationReport) => void
}

export interface DeviationReport {
  readonly store: string
  readonly rule: string
  readonly because: string
  /** `held`: the rule was kept all the same, this time. */
  readonly outcome: 'failed' | 'held'
}

/** All rules, as data: the tables in the documentation are made from it. */
export const STORE_RULES: readonly StoreRule[] = [
  ...presenceRules,
  ...expectationRules,
  ...changeRules,
  ...raceRules,
  ...lifetimeRules,
  ...valueRules,
  ...documentRules,
  ...operationRules,
  ...sharingRules,
]

/**
 * Registers one test for each rule. A rule that the store declares in `traits.deviations` is run all the
 * same and reported: it may fail, and is never skipped. Each rule gets a store of its own, which is closed after it.
 */
export function storeConformance(options: StoreConformanceOptions): void {
  const { describe, it } = options.runner
  describe(`${options.name} keeps the store contract`, () => {
    for (const rule of STORE_RULES) {
      if (rule.needs !== undefined && options[rule.needs] === undefined) continue
      it(`${rule.id} ${rule.rule}`, () => runRule(rule, options))
    }
    it('The traits tell the truth about sharing and about deviations', () =>
      inWorld(0, options, ({ store }) => assertHonest(store.traits, options)))
  })
}

function runRule(rule: StoreRule, options: StoreConformanceOptions): Promise<void> {
  return inWorld(STORE_RULES.indexOf(rule) + 1, options, async (world) => {
    const deviation = world.store.traits.deviations.find((declared) => declared.rule === rule.id)
    if (deviation === undefined) return rule.prove(world)
    const outcome = await rule.prove(world).then(
      () => 'held' as const,
      () => 'failed' as const,
    )
    const report = options.onDeviation ?? warn
    return report({ store: options.name, rule: rule.id, because: deviation.because, outcome })
  })
}

async function inWorld(
  seed: number,
  options: StoreConformanceOptions,
  act: (world: RuleWorld) => Promise<void> | void,
): Promise<void> {
  const environment = fakeEnvironment({ now: options.now ?? systemEnvironment.now(), seed })
  const opened = [await options.open(environment)]
  const alsoOpened = async (open: OpenStore | undefined): Promise<SessionStore> => {
    assert.ok(open, 'the kit options offer no such handle')
    const store = await open(environment)
    opened.push(store)
    return store
  }
  const store = opened[0] as SessionStore
  const world: RuleWorld = {
    store,
    environment,
    chance: seeded(seed),
    key: () => randomRosterKey(environment),
    second: () => alsoOpened(options.second),
    reopen: () => store.close().then(() => alsoOpened(options.reopen)),
    damage: async (roster, what) => options.damage?.(roster, what),
  }
  try {
    await act(world)
  } finally {
    for (const handle of opened.toReversed()) await handle.close()
  }
}

function assertHonest(traits: StoreTraits, options: StoreConformanceOptions): void {
  assert.ok(
    !traits.shared || options.second !== undefined,
    'a shared store is proved with `second`: pass it to the kit',
  )
  for (const { rule, because } of traits.deviations) {
    assert.ok(
      STORE_RULES.some(({ id }) => id === rule),
      `there is no rule ${rule}`,
    )
    assert.notEqual(because.trim(), '', `the deviation from ${rule} gives no reason`)
  }
}

function warn({ store, rule, because, outcome }: DeviationReport): void {
  systemEnvironment.log({ level: 'warn', message: `${store} deviates from ${rule} (${outcome}): ${because}` })
}
