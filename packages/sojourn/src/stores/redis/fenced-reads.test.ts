// Every order in which a read, a heartbeat and the two clocks can meet.
import { beforeEach, describe, expect, it } from 'vitest'
import { type Instant, instant, NEVER } from '../../core/instant.ts'
import { turn } from '../../environment/turn.ts'
import { type FakeEnvironment, fakeEnvironment } from '../../testing/fake-environment.ts'
import { createFencedReads, type FencedRead } from './fenced-reads.ts'
import type { RedisPort } from './port.ts'

const FENCE_MS = 5_000
const PLACE = { key: 'key', tag: 3 }

let environment: FakeEnvironment
let confirmed: Instant
let failure: unknown
let route: number
let heartbeats: ((isConfirmed: boolean) => void)[]
let replies: ((reply: string) => void)[]
let read: FencedRead

beforeEach(() => {
  environment = fakeEnvironment()
  confirmed = NEVER
  failure = undefined
  route = 0
  heartbeats = []
  replies = []
  const port: RedisPort = {
    traits: { driver: 'scripted', topology: 'single', invalidation: 'none' },
    command: () => new Promise((resolve) => void replies.push(resolve)),
    writeAndWait: () => Promise.reject(new Error('A read never writes.')),
    close: async () => undefined,
  }
  const fence = {
    lastConfirmed: () => confirmed,
    confirm: () => new Promise<boolean>((resolve) => void heartbeats.push(resolve)),
    lastFailure: () => failure,
    get route() {
      return route
    },
  }
  read = createFencedReads({ port, fence, environment, fenceMs: FENCE_MS })
})

const UNCONFIRMED = { code: 'STORE_UNCONFIRMED', retryable: true }

/** What the read has come to, so far. */
function begin(): { outcome: unknown } {
  const progress: { outcome: unknown } = { outcome: 'waiting' }
  read(['HGETALL', 'key'], PLACE).then(
    (reply) => (progress.outcome = reply),
    (error: unknown) => (progress.outcome = error),
  )
  return progress
}

async function answer(text = 'answer'): Promise<void> {
  replies.shift()?.(text)
  await turn()
}

async function decide(isConfirmed: boolean): Promise<void> {
  heartbeats.shift()?.(isConfirmed)
  await turn()
}

/** What it has come to before and after the next answer, and which calls were under way then. */
async function secondReading(progress: { readonly outcome: unknown }): Promise<readonly unknown[]> {
  const before = [progress.outcome, heartbeats.length, replies.length]
  await answer('another')
  await decide(true)
  return [...before, progress.outcome]
}

/** The first answer was not believed; the next one was, which had been asked for with a heartbeat. */
const READ_AGAIN = ['waiting', 1, 1, 'another']

describe('while a heartbeat was confirmed a short time ago', () => {
  beforeEach(() => {
    confirmed = instant(environment)
  })

  it('a read is sent alone and accepted', async () => {
    const progress = begin()
    await answer()
    expect(progress.outcome).toBe('answer')
    expect(heartbeats).toHaveLength(0)
  })

  it('an answer that comes as late as the fence allows is accepted', async () => {
    const progress = begin()
    await environment.advance(FENCE_MS)
    await answer()
    expect(progress.outcome).toBe('answer')
  })

  it.each(['both clocks say', 'the wall clock says'])(
    'an answer that comes later, as %s, is not believed, and it is read again',
    async (who) => {
      const progress = begin()
      if (who === 'both clocks say') await environment.advance(FENCE_MS + 1)
      else environment.step(FENCE_MS + 1)
      await answer()
      expect(await secondReading(progress)).toEqual(READ_AGAIN)
    },
  )

  it('a wall clock that is set back does not make a heartbeat younger', async () => {
    const progress = begin()
    environment.step(-60_000)
    await environment.advance(FENCE_MS + 1)
    await answer()
    expect(await secondReading(progress)).toEqual(READ_AGAIN)
  })

  it('a heartbeat that is confirmed between sending and answer does not count: it may have gone elsewhere', async () => {
    const progress = begin()
    await environment.advance(FENCE_MS + 1)
    confirmed = instant(environment)
    await answer()
    expect(await secondReading(progress)).toEqual(READ_AGAIN)
  })

  it('an answer during which reads may have gone to another server does not count, and it is read again', async () => {
    const progress = begin()
    route++
    confirmed = instant(environment)
    await answer()
    expect(await secondReading(progress)).toEqual(READ_AGAIN)
  })
})

describe('while no heartbeat was confirmed a short time ago', () => {
  it('the read is sent at once, and accepted when the heartbeat is confirmed', async () => {
    const progress = begin()
    expect([heartbeats.length, replies.length]).toEqual([1, 1])
    await answer()
    expect(progress.outcome).toBe('waiting')
    heartbeats.shift()?.(true)
    await turn()
    expect(progress.outcome).toBe('answer')
  })

  it('the read is accepted too when the heartbeat is confirmed first', async () => {
    const progress = begin()
    heartbeats.shift()?.(true)
    await turn()
    expect(progress.outcome).toBe('waiting')
    await answer()
    expect(progress.outcome).toBe('answer')
  })

  it('a heartbeat that failed refuses it, and says why', async () => {
    failure = new Error('NOREPLICAS Not enough good replicas to write.')
    const progress = begin()
    await answer()
    await decide(false)
    expect(progress.outcome).toMatchObject({ ...UNCONFIRMED, cause: { code: 'STORE_READ_ONLY' } })
    expect([heartbeats.length, replies.length]).toEqual([0, 0])
  })

  it('a heartbeat that failed in nothing but was overtaken has it read again', async () => {
    const progress = begin()
    await answer()
    await decide(false)
    expect(await secondReading(progress)).toEqual(READ_AGAIN)
  })

  it('a read that is overtaken again and again ends at last', async () => {
    const progress = begin()
    for (let attempt = 0; attempt < 4; attempt++) {
      expect(progress.outcome).toBe('waiting')
      await answer()
      await decide(false)
    }
    expect(progress.outcome).toMatchObject(UNCONFIRMED)
    expect([heartbeats.length, replies.length]).toEqual([0, 0])
  })
})
