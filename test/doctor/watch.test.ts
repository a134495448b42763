// A setting that is changed while everything runs is told, with its figure, and told again when it is mended.
import { type FindingsChange, watchFindings } from 'sojourn/doctor'
import { prometheusText } from 'sojourn/observe'
import { redisStore } from 'sojourn/stores/redis'
import { expect, onTestFinished, test } from 'vitest'
import { DRIVERS, opened, soundRedis } from './harness.ts'

const FIGURE = 'sojourn_doctor_findings{code="redis-eviction",severity="voids"}'
const GENEROUS = { timeout: 60_000 }

test.each(DRIVERS)('%s: CONFIG SET maxmemory-policy, live', async (driver) => {
  const server = await soundRedis()
  const store = redisStore({ redis: opened({ url: server.url }, driver) })
  const changes: FindingsChange[] = []
  const watch = watchFindings(
    { store, deadline: '10s' },
    { every: '1s', onChange: (change) => changes.push(change) },
  )
  onTestFinished(async () => {
    watch.close()
    await store.close()
  })
  await expect.poll(() => watch.latest, GENEROUS).toEqual({ findings: [], unseen: [] })
  expect(prometheusText([watch])).toContain(`${FIGURE} 0`)
  await server.cli('CONFIG', 'SET', 'maxmemory-policy', 'volatile-lru')
  await expect.poll(() => changes.length, GENEROUS).toBe(1)
  expect(changes[0]?.appeared.map(({ code }) => code)).toEqual(['redis-eviction'])
  expect(prometheusText([watch])).toContain(`${FIGURE} 1`)
  await server.cli('CONFIG', 'SET', 'maxmemory-policy', 'noeviction')
  await expect.poll(() => changes.length, GENEROUS).toBe(2)
  expect(changes[1]?.gone.map(({ code }) => code)).toEqual(['redis-eviction'])
  expect(prometheusText([watch])).toContain(`${FIGURE} 0`)
})
