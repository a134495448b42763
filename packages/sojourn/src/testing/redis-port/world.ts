/** The world of one rule: whatever it opens or starts ends with it. */
import assert from 'node:assert/strict'
import { systemEnvironment } from '../../environment/system.ts'
import type { RedisPortConformanceOptions } from './kit.ts'
import type { PortServers, PortWorld } from './rule.ts'

/** Keys of two worlds differ, also on servers that were there before. */
let worlds = 0

export function worldOf(
  { topology, open, handIn, servers }: Omit<RedisPortConformanceOptions, 'runner' | 'name'>,
  { group, afterwards }: Pick<PortWorld, 'group' | 'afterwards'>,
): PortWorld {
  const world = `${systemEnvironment.now()}-${++worlds}`
  let keys = 0
  return {
    topology,
    group,
    servers: endingServers(servers, afterwards),
    key: (sibling = `{${world}-${++keys}}`) => `port:${tagIn(sibling)}:${++keys}`,
    async open(target = group.target, environment = systemEnvironment) {
      const port = await open(target, environment)
      afterwards(() => port.close())
      return port
    },
    async handIn(target) {
      assert.ok(handIn, 'the kit options offer a `handIn`')
      return handIn(target, systemEnvironment)
    },
    afterwards,
  }
}

function tagIn(key: string): string {
  return /\{[^}]*\}/.exec(key)?.[0] ?? assert.fail(`${key} has no tag`)
}

function endingServers(servers: PortServers, afterwards: PortWorld['afterwards']): PortServers {
  const ending = async <T extends { readonly stop: () => Promise<void> }>(
    starting: Promise<T>,
  ): Promise<T> => {
    const started = await starting
    afterwards(() => started.stop())
    return started
  }
  return {
    startRedis: (options) => ending(servers.startRedis(options)),
    startSentinel: (options) => ending(servers.startSentinel(options)),
    startCluster: (options) => ending(servers.startCluster(options)),
    startLink: (target) => ending(servers.startLink(target)),
  }
}
