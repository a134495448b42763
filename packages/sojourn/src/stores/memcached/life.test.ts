import { describe, expect, it } from 'vitest'
import { systemEnvironment } from '../../environment/system.ts'
import { makeChange, makeRosterKey } from '../../testing/builders.ts'
import { lifeUntil } from './life.ts'
import { HEADER, openStore, startServer } from './memcached.fixture.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const NOW = Date.UTC(2026, 0, 1)

describe('the life of an item', () => {
  it('is an hour longer than asked, as a length of time', () => {
    expect(lifeUntil(NOW + HOUR, NOW)).toBe(7_200)
    expect(lifeUntil(NOW + 1, NOW)).toBe(3_601)
  })

  it('is an hour for what is over', () => {
    expect(lifeUntil(0, NOW)).toBe(3_600)
  })

  it('is an instant beyond 30 days, with a day to spare for the server’s clock', () => {
    expect(lifeUntil(NOW + 30 * DAY - HOUR, NOW)).toBe(30 * 24 * 3_600)
    expect(lifeUntil(NOW + 30 * DAY, NOW)).toBe((NOW + 31 * DAY) / 1000)
  })

  it('has no end where Memcached could not count so far', () => {
    expect(lifeUntil(2 ** 31 * 1000 - DAY - 1000, NOW)).toBe(2 ** 31 - 1)
    expect(lifeUntil(2 ** 31 * 1000 - DAY, NOW)).toBe(0)
    expect(lifeUntil(Date.UTC(2100), NOW)).toBe(0)
  })

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.MAX_VALUE])('is not %s', (keepUntil) => {
    expect(() => lifeUntil(keepUntil, NOW)).toThrow(TypeError)
  })
})

it('is what the server makes of it', async () => {
  const server = await startServer()
  const store = openStore({ addresses: [server.address] })
  const now = systemEnvironment.now()
  const lives = { hour: now + HOUR, month: now + 40 * DAY, age: Date.UTC(2100) }
  const left: Record<string, number> = {}
  for (const [index, [name, keepUntil]] of Object.entries(lives).entries()) {
    const key = makeRosterKey(index + 1)
    await store.commit(key, makeChange({ header: HEADER, keepUntil }))
    left[name] = Number(/t(-?\d+)/.exec(await server.ask(`mg sojourn:${key} t`))?.[1])
  }
  expect(left['hour']).toBeGreaterThan(3_600)
  expect(left['month']).toBeGreaterThan(40 * 24 * 3_600)
  expect(left['age']).toBe(-1)
})

it('is never made shorter by a later change', async () => {
  const server = await startServer()
  const store = openStore({ addresses: [server.address] })
  const key = makeRosterKey(1)
  await store.commit(key, makeChange({ header: HEADER, keepUntil: systemEnvironment.now() + 10 * HOUR }))
  const { incarnation, epoch } = HEADER
  const later = { ...HEADER, version: 2 }
  await store.commit(
    key,
    makeChange({ expect: { incarnation, epoch, records: [] }, header: later, keepUntil: 0 }),
  )
  expect(Number(/t(\d+)/.exec(await server.ask(`mg sojourn:${key} t`))?.[1])).toBeGreaterThan(36_000)
})
