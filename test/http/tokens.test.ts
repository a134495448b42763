/** What a token is made of: chance, and nothing about its owner. */
import { memoryStore } from 'sojourn/stores/memory'
import { fakeEnvironment } from 'sojourn/testing'
import { createSessions } from 'sojourn'
import { expect, test } from 'vitest'
import { json } from './harness/browser.ts'
import { MATRIX, newSessions, SECRET, startWorld } from './harness/world.ts'

const SHAPE = /^sjs_[A-Za-z0-9_-]{24}[A-Za-z0-9_-]{4}[A-Za-z0-9_-]{44}[A-Za-z0-9_-]{16}$/
const COUNT = 20_000

test('20,000 tokens of one user: no secret and no number twice, every bit of them a fair coin (A1)', {
  timeout: 60_000,
}, async () => {
  const sessions = createSessions({
    deployment: 'x',
    secrets: SECRET,
    store: memoryStore(),
    devices: { limit: 1 },
  })
  const [secrets, numbers] = [new Set<string>(), new Set<string>()]
  const ones = new Uint32Array(33 * 8)
  for (let made = 0; made < COUNT; made++) {
    const result = await sessions.signIn('alice')
    if (result.kind !== 'signed-in') throw new Error(result.reason)
    expect(result.token).toMatch(SHAPE)
    secrets.add(result.token.slice(32, 76))
    numbers.add(result.token.slice(20, 28))
    Buffer.from(result.token.slice(32, 76), 'base64url').forEach((byte, index) => {
      for (let bit = 0; bit < 8; bit++)
        ones[index * 8 + bit] = (ones[index * 8 + bit] as number) + ((byte >> bit) & 1)
    })
  }
  expect([secrets.size, numbers.size]).toEqual([COUNT, COUNT])
  // Seven standard deviations: a fair coin leaves this once in 10^9 runs of all 264 bits.
  const furthest = Math.max(...[...ones].map((count) => Math.abs(count - COUNT / 2)))
  expect(furthest).toBeLessThan(7 * Math.sqrt(COUNT / 4))
})

test('a token says nothing about its owner, and one user’s roster has another name in each deployment (A2)', async () => {
  const user = 'alice@shop.example'
  const routing = new Set<string>()
  for (const seed of [1, 2, 3]) {
    const environment = fakeEnvironment({ seed })
    const sessions = newSessions(memoryStore({ environment }), environment)
    for (const realm of ['users', 'staff']) {
      const inRealm =
        realm === 'users' ? sessions : newSessions(memoryStore({ environment }), environment, { realm })
      const result = await inRealm.signIn(user)
      if (result.kind !== 'signed-in') throw new Error(result.reason)
      routing.add(result.token.slice(4, 20))
      const decoded = Buffer.from(result.token.slice(4), 'base64url').toString('latin1')
      for (const part of ['alice', 'shop', String(environment.now()).slice(0, 8), '127.0.0.1'])
        expect(result.token + decoded).not.toContain(part)
    }
  }
  expect(routing.size).toBe(6)
})

test.each(MATRIX)(
  '$name: a generator that fails makes sign-in a 503 without a token, and there is no fallback (V-44)',
  async ({ adapter, store }) => {
    const world = await startWorld({ adapter, store })
    const alice = world.browser()
    world.environment.randomnessFails = true
    for (const target of ['/login?user=alice', '/set?note=x']) {
      expect((await alice.post(target)).status).toBe(503)
      expect(alice.jar.size).toBe(0)
    }
    expect(world.store.faults.calls.commit).toBe(0)
    world.environment.randomnessFails = false
    await alice.post('/login?user=alice')
    expect(json(await alice.get('/me'))).toMatchObject({ subject: 'alice' })
  },
)

test('a generator that fails for the secret alone leaves nothing behind, either', async () => {
  const environment = fakeEnvironment()
  const failing = Object.create(environment, {
    randomBytes: {
      value: (count: number): Buffer => {
        if (count >= 32) throw new Error('no entropy')
        return environment.randomBytes(count)
      },
    },
  }) as typeof environment
  const store = memoryStore({ environment })
  await newSessions(store, environment).ready()
  await expect(newSessions(store, failing).signIn('alice')).rejects.toThrow('no entropy')
  expect(await newSessions(store, environment).list('alice')).toEqual([])
})

test('a token whose secret is wrong by one character is nobody, even with the store’s record in reach (A6)', async () => {
  const world = await startWorld()
  const alice = world.browser()
  await alice.post('/login?user=alice')
  const before = world.storeCalls()
  for (let at = 32; at < 76; at++) {
    const wrong = alice.token.slice(0, at) + (alice.token[at] === 'A' ? 'B' : 'A') + alice.token.slice(at + 1)
    expect(json(await world.browser(new Map([['__Host-Http-sid', wrong]])).get('/me'))).toMatchObject({
      subject: null,
    })
  }
  expect(world.storeCalls(), 'the MAC is looked at first').toBe(before)
})
