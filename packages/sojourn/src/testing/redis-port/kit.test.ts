// The kit itself: ports that break one promise each must fail the rules about it.
import * as servers from 'sojourn-test-programs'
import { describe, expect, it } from 'vitest'
import { nodeRedis } from '../../stores/redis/node-redis.ts'
import {
  answersInAnyOrder,
  doesNotClose,
  goesOnTelling,
  hidesErrors,
  readsText,
  type Sabotage,
  sabotaged,
  sendsLater,
  tellsTooLate,
  waitsElsewhere,
  waitsWithAll,
} from './broken-ports.fixture.ts'
import { PORT_RULES, redisPortConformance, type RedisPortConformanceOptions } from './kit.ts'

const PATIENCE_MS = 120_000

describe('the rules', () => {
  it('are numbered without gaps and told once', () => {
    const ids = PORT_RULES.map(({ id }) => id)
    expect(ids).toEqual(ids.map((_, index) => `PORT-${String(index + 1).padStart(2, '0')}`))
    expect(new Set(PORT_RULES.map(({ rule }) => rule)).size).toBe(ids.length)
  })
})

describe('a port that breaks its word fails the rules about it', () => {
  it.each<[string, Sabotage, string[]]>([
    ['reads bytes as text', readsText, ['PORT-01', 'PORT-02', 'PORT-03']],
    ['answers in any order', answersInAnyOrder, ['PORT-04']],
    ['hides what the server says', hidesErrors, ['PORT-06', 'PORT-07', 'PORT-12', 'PORT-40']],
    ['waits on another connection', waitsElsewhere, ['PORT-09']],
    ['waits on the connection of all', waitsWithAll, ['PORT-10']],
    ['sends later what it rejected', sendsLater, ['PORT-13', 'PORT-27', 'PORT-28', 'PORT-29', 'PORT-31']],
    ['tells changes too late', tellsTooLate, ['PORT-17']],
    ['goes on telling', goesOnTelling, ['PORT-20']],
    ['does not close', doesNotClose, ['PORT-42', 'PORT-43']],
  ])('%s', { timeout: PATIENCE_MS }, async (_, sabotage, expected) => {
    expect(await failures(expected, { open: sabotaged(sabotage) })).toEqual(expected)
  })
})

it('a client that is closed with its port is noticed', { timeout: PATIENCE_MS }, async () => {
  const handIn: RedisPortConformanceOptions['handIn'] = async (target, environment) => {
    const port = nodeRedis({ ...target, environment })
    const ask = (): Promise<unknown> => port.command(['PING'], { key: '', readonly: true })
    return { port, ask, close: () => port.close() }
  }
  expect(await failures(['PORT-45'], { handIn })).toEqual(['PORT-45'])
})

/** Of these rules, those that fail. */
async function failures(
  ids: readonly string[],
  options: Partial<RedisPortConformanceOptions>,
): Promise<string[]> {
  const tests: { readonly id: string; readonly body: () => Promise<void> }[] = []
  const ends: (() => Promise<void>)[] = []
  redisPortConformance({
    name: 'a port',
    topology: 'single',
    servers,
    open: (target, environment) => nodeRedis({ ...target, environment }),
    ...options,
    runner: {
      describe: (_, body) => body(),
      it: (name, body) => tests.push({ id: name.split(' ')[0] ?? '', body }),
      afterAll: (body) => ends.push(body),
    },
  })
  const failed: string[] = []
  for (const { id, body } of tests.filter((test) => ids.includes(test.id)))
    await body().catch(() => failed.push(id))
  for (const end of ends) await end()
  return failed
}
