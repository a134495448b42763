import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type MemcachedServer, startMemcached } from 'sojourn-test-programs'
import type { Environment } from '../../core/environment.ts'
import type { RosterKey, SessionNumber } from '../../core/ids.ts'
import type { SessionStore } from '../../core/store.ts'
import { type DeviationReport, storeConformance } from '../../testing/index.ts'
import { createKeys } from './keys.ts'
import { openOn, overwrite, valueAt } from './memcached.fixture.ts'
import { decodeItem, type RosterItem } from './roster-item.ts'

/** With enough memory nothing is evicted, and then the declared deviation does not show. */
function onDeviation({ rule, outcome }: DeviationReport): void {
  expect(`${rule} ${outcome}`).toBe('STORE-38 held')
}

describe.each([1, 3])('%i servers', (count) => {
  let servers: readonly MemcachedServer[] = []
  let opened = 0
  const addresses = (): readonly string[] => servers.map(({ address }) => address)
  const prefix = (): string => `kit:${opened}`
  const open = (environment: Environment): SessionStore =>
    openOn({ addresses: addresses(), prefix: prefix(), environment })

  beforeAll(async () => {
    servers = await Promise.all(Array.from({ length: count }, () => startMemcached()))
  })
  afterAll(() => Promise.all(servers.map((server) => server.stop())))

  storeConformance({
    name: 'memcachedStore',
    runner: { describe, it },
    open(environment) {
      opened++
      return open(environment)
    },
    second: open,
    reopen: open,
    damage: (roster, what) => flipBit(servers, { key: createKeys(prefix()).roster(roster), roster, what }),
    onDeviation,
  })
})

interface Spot {
  readonly key: string
  readonly roster: RosterKey
  readonly what: SessionNumber | 'header'
}

async function flipBit(servers: readonly MemcachedServer[], { key, roster, what }: Spot): Promise<void> {
  for (const server of servers) {
    const bytes = await valueAt(server, key)
    if (bytes === undefined) continue
    const { header, records } = decodeItem(roster, bytes) as RosterItem
    const part = what === 'header' ? header : (records.get(what) as Uint8Array)
    part[9] = (part[9] as number) ^ 1
    await overwrite(server, key, bytes)
  }
}
