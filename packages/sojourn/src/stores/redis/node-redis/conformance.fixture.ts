/** All rules for ports, over one topology a file: groups of servers mostly wait, so the files run side by side. */
import * as servers from 'sojourn-test-programs'
import { afterAll, describe, it } from 'vitest'
import { redisPortConformance } from '../../../testing/redis-port/kit.ts'
import type { PortTraits } from '../port.ts'
import { nodeRedis } from '../node-redis.ts'

export const runner = { describe, it, afterAll }

export function conforms(topology: PortTraits['topology']): void {
  redisPortConformance({
    runner,
    name: 'node-redis',
    topology,
    servers,
    open: (target, environment) => nodeRedis({ ...target, environment }),
  })
}
