/**
 * The model test. `modelOf({ name, open })` defines the tests for one store; anybody who writes a store runs them
 * over it, after the conformance kit. Seeds are fixed, so a plain run is repeatable; a failure says how to replay it.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { COMMANDS, type Command } from './commands.fixture.ts'
import { type Journey, journey, type OpenStore } from './journey.fixture.ts'
import { interleavings } from './interleavings.fixture.ts'
import { Reference } from './reference.fixture.ts'

export interface ModelOptions {
  readonly name: string
  readonly open: OpenStore
  /** How many journeys, and how many interleavings of each kind. Default 100. */
  readonly runs?: number | undefined
  readonly seed?: number | undefined
  /** From a failure's report: goes straight to the failing case. */
  readonly path?: string | undefined
  readonly replayPath?: string | undefined
}

const DEFAULT_RUNS = 100
const DEFAULT_SEED = 20_260_101
const TIMEOUT_PER_RUN_MS = 2_000

/** What the environment variables of a run say; see `model.test.ts`. */
export function fromVariables(
  variables: Readonly<Record<string, string | undefined>>,
): Pick<ModelOptions, 'runs' | 'seed' | 'path' | 'replayPath'> {
  const given = {
    runs: numberIn(variables['SOJOURN_MODEL_RUNS']),
    seed: numberIn(variables['SOJOURN_MODEL_SEED']),
    path: variables['SOJOURN_MODEL_PATH'],
    replayPath: variables['SOJOURN_MODEL_REPLAY'],
  }
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
}

export function modelOf(options: ModelOptions): void {
  const runs = options.runs ?? DEFAULT_RUNS
  const parameters = {
    seed: options.seed ?? DEFAULT_SEED,
    numRuns: runs,
    ...(options.path === undefined ? {} : { path: options.path }),
  }
  const timeout = 10_000 + runs * TIMEOUT_PER_RUN_MS

  describe(`${options.name} agrees with the model`, () => {
    it('step by step, for every token that was ever issued', { timeout }, async () => {
      await expect(replayable(fc.assert(sequential(options), parameters))).resolves.toBeUndefined()
    })
    for (const { name, property } of interleavings(options.open)) {
      it(`whatever the interleaving: ${name}`, { timeout }, async () => {
        await expect(replayable(fc.assert(property, parameters))).resolves.toBeUndefined()
      })
    }
  })
}

function sequential(options: ModelOptions): fc.IAsyncPropertyWithHooks<[Plan, Iterable<Command>]> {
  const replay = options.replayPath === undefined ? {} : { replayPath: options.replayPath }
  const plan = fc.record({
    limit: fc.integer({ min: 1, max: 3 }),
    policy: fc.constantFrom('evict-oldest' as const, 'reject' as const),
  })
  return fc.asyncProperty(plan, fc.commands([...COMMANDS], { maxCommands: 40, size: '+1', ...replay }), run)

  async function run({ limit, policy }: Plan, commands: Iterable<Command>): Promise<void> {
    let real: Journey | undefined
    await fc.asyncModelRun(async () => {
      real = await journey(options.open, { limit, policy })
      const model = new Reference({ count: limit, policy })
      return { model, real }
    }, commands)
    await real?.store.close()
  }
}

function numberIn(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text)
}

interface Plan {
  readonly limit: number
  readonly policy: 'evict-oldest' | 'reject'
}

async function replayable(assertion: Promise<void>): Promise<void> {
  try {
    await assertion
  } catch (error) {
    if (error instanceof Error) error.message = `${error.message}\n\n${replayOf(error.message)}`
    throw error
  }
}

function replayOf(message: string): string {
  const seed = /seed: (-?\d+)/.exec(message)?.[1]
  const path = /path: "([^"]*)"/.exec(message)?.[1]
  const replay = /replayPath="([^"]*)"/.exec(message)?.[1]
  const more = replay === undefined ? '' : ` SOJOURN_MODEL_REPLAY='${replay}'`
  return `Replay: SOJOURN_MODEL_SEED=${seed} SOJOURN_MODEL_PATH='${path}'${more} npx vitest run -t '<this test>' model`
}
