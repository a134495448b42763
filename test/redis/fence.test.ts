/**
 * The fence. A process reaches a primary that was deposed and nothing else: what it reads there is never news, and
 * nothing in its answers shows it. It accepts nothing that is asked later than F after the cut, neither from there nor from
 * its copies, and says 503 instead of 401.
 */
import { expect, test } from 'vitest'
import { type Link, startLink } from '../programs/index.ts'
import { isolate } from './harness/breaking.ts'
import { byStatus, crowd, eventually, expectAllSignedIn, expectHonest, startLoad } from './harness/crowd.ts'
import { figure } from './harness/figures.ts'
import { DRIVERS } from './harness/options.ts'
import { startApp } from './harness/processes.ts'
import { ending, sentinels } from './harness/servers.ts'

const FENCE_MS = 1_000
const VOTERS = 2
const CREDENTIALS = { username: 'app', password: 'app' }

test.each(DRIVERS)('%s: nothing is accepted beyond the fence', async (driver) => {
  const group = await sentinels({ users: ['default off', 'app on >app ~* &* +@all'] })
  const links = await Promise.all(group.sentinels.map(async ({ port }) => ending(await startLink(port))))
  const shared = { driver, store: { fence: '1s', voters: VOTERS }, near: { lease: '5s' } } as const
  const [app, elsewhere] = await Promise.all([
    startApp({ ...shared, redis: { sentinels: addressesOf(links), name: group.name, ...CREDENTIALS } }),
    startApp({ ...shared, redis: { ...group.place, ...CREDENTIALS } }),
  ])
  const [revoked, ...staying] = await crowd(10, app)
  const load = startLoad([...staying, ...(revoked === undefined ? [] : [revoked])], 200)
  await eventually(async () => ((await app.says()).figures['sojourn.near.hits'] ?? 0) > 50)

  for (const link of links) link.refuse()
  const rejoin = await isolate(group.primary)
  const cutAt = performance.now()
  await eventually(async () => (await group.currentPrimary()) !== group.primary)
  await eventually(async () => (await staying[0]?.get('/me', elsewhere))?.status === 200)
  // The deposed primary was a voter. The check before it may still be put off, and is asked again.
  await eventually(async () => {
    expect((await staying[0]?.post(`/revoke?id=${revoked?.id}`, elsewhere))?.status).toBe(503)
    return (await elsewhere.says()).codes.includes('REVOKE_UNCERTAIN')
  })
  await eventually(async () => (await revoked?.get('/me', elsewhere))?.status === 401)

  for (let asked = 0; asked < 50; asked++) expect((await revoked?.get('/me'))?.status).toBe(503)
  const seen = await load.stop()
  expectHonest(seen)
  const accepted = seen.filter(({ status }) => status === 200)
  expect(accepted.filter(({ sentAt }) => sentAt > cutAt + FENCE_MS)).toEqual([])
  figure(`the fence, ${driver}`, {
    ...byStatus(seen),
    lastAcceptedMs: Math.round(Math.max(...accepted.map(({ sentAt }) => sentAt)) - cutAt),
  })

  for (const link of links) link.accept()
  await rejoin()
  await expectAllSignedIn(staying)
  await eventually(async () => (await revoked?.get('/me'))?.status === 401)
})

function addressesOf(links: readonly Link[]): readonly { readonly host: string; readonly port: number }[] {
  return links.map(({ port }) => ({ host: '127.0.0.1', port }))
}
