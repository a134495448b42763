/**
 * The conformance kit for Redis ports: every sentence of `stores/redis/port.ts` as a numbered rule that is proved
 * against real servers, which are killed, paused and cut off meanwhile. It brings no test runner, no driver and no
 * server: those who start them are passed in.
 */
import type { Environment } from '../../core/environment.ts'
import type { PortTraits, RedisPort } from '../../stores/redis/port.ts'
import type { ConformanceRunner } from '../conformance/kit.ts'
import { answerRules } from './answers.ts'
import { clusterRules } from './cluster.ts'
import { connectionRules } from './connection.ts'
import { endRules } from './ending.ts'
import { startGroup } from './group.ts'
import { invalidationRules } from './invalidation.ts'
import { namingRules } from './naming.ts'
import { replyRules } from './replies.ts'
import type { HandedIn, PortGroup, PortRule, PortServers, PortTarget } from './rule.ts'
import { secretRules } from './secrets.ts'
import { waitRules } from './waiting.ts'
import { worldOf } from './world.ts'

export interface RedisPortConformanceOptions {
  /** `{ describe, it, afterAll }` of vitest, jest; of `node:test` with `afterAll: after`. A rule may take a minute. */
  readonly runner: PortConformanceRunner
  /** Heads the list of rules. */
  readonly name: string
  /** Which servers are started, and what `traits.topology` says. */
  readonly topology: PortTraits['topology']
  /**
   * A port to these servers. It may answer before there is a connection, and is closed by the kit. Time, timers and
   * jitter of the port come from the environment.
   */
  readonly open: (target: PortTarget, environment: Environment) => Promise<RedisPort> | RedisPort
  /** A connected client of the driver's own, and a port that it was handed to. For ports that take one. */
  readonly handIn?: (target: PortTarget, environment: Environment) => Promise<HandedIn>
  /** `import * as servers from 'sojourn-test-programs'`, in this repository. */
  readonly servers: PortServers
}

export interface PortConformanceRunner extends ConformanceRunner {
  /** After all rules of the `describe` in which it is called. */
  readonly afterAll: (body: () => Promise<void>) => unknown
}

/** All rules, as data. */
export const PORT_RULES: readonly PortRule[] = [
  ...replyRules,
  ...waitRules,
  ...invalidationRules,
  ...namingRules,
  ...connectionRules,
  ...secretRules,
  ...endRules,
  ...clusterRules,
  ...answerRules,
]

/** Registers one test for each rule that concerns the topology. They share servers, one after the other. */
export function redisPortConformance(options: RedisPortConformanceOptions): void {
  const { runner, name, topology, servers } = options
  let starting: Promise<PortGroup> | undefined
  const group = (): Promise<PortGroup> => (starting ??= startGroup(topology, servers))
  runner.describe(`${name} keeps the port contract (${topology})`, () => {
    for (const rule of PORT_RULES.filter((candidate) => concerns(candidate, options)))
      runner.it(`${rule.id} ${rule.rule}`, async () => proveRule(rule, options, await group()))
    runner.afterAll(async () => (await starting)?.stop())
  })
}

function concerns(rule: PortRule, { topology, ...options }: RedisPortConformanceOptions): boolean {
  if (rule.needs !== undefined && options[rule.needs] === undefined) return false
  return rule.topologies === undefined || rule.topologies.includes(topology)
}

async function proveRule(
  rule: PortRule,
  options: RedisPortConformanceOptions,
  group: PortGroup,
): Promise<void> {
  const cleanUps: (() => Promise<unknown> | void)[] = []
  try {
    await rule.prove(worldOf(options, { group, afterwards: (cleanUp) => void cleanUps.push(cleanUp) }))
  } finally {
    for (const cleanUp of cleanUps.toReversed()) await cleanUp()
  }
}
