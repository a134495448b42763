/**
 * Session fixation, over every store, adapter and way to authenticate: whatever token somebody brought along, planted
 * or knew, is worth nothing after an authentication, and a session never changes its subject.
 */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Handler } from './harness/adapters.ts'
import { type Browser, json } from './harness/browser.ts'
import { MATRIX, startWorld, type World } from './harness/world.ts'

const NAME = '__Host-Http-sid'

/** Every way in which a request can come to have a subject. */
const PATHS: Readonly<Record<string, Handler>> = {
  'POST /plain': async ({ session }) => ({ body: (await session.signIn('alice')).kind }),
  'POST /remembered': async ({ session }) => ({
    body: (await session.signIn('alice', { remember: true })).kind,
  }),
  'POST /after-data': async ({ session }) => {
    session.set('note', 'in the same request')
    return { body: (await session.signIn('alice', { data: { theme: 'new' } })).kind }
  },
  'POST /after-update': async ({ session }) => {
    await session.update((data) => ({ ...data, note: 'written at once' }))
    return { body: (await session.signIn('alice')).kind }
  },
  'POST /twice': async ({ session }) => {
    await session.signIn('bob')
    return { body: (await session.signIn('alice')).kind }
  },
  'POST /elevated': async ({ session }) => {
    const { kind } = await session.signIn('alice')
    await session.elevate({ aal: 2 })
    return { body: kind }
  },
}

describe.each(MATRIX)('$name', ({ adapter, store }) => {
  const start = (): Promise<World> => {
    const routes: Record<string, Handler> = {
      ...PATHS,
      async 'POST /attempted'({ session }) {
        return { body: (await session.signIn(await sessionsOf().attempt('alice'))).kind }
      },
    }
    const started = startWorld({ adapter, store, routes })
    let world: World | undefined
    const sessionsOf = (): World['sessions'] => (world as World).sessions
    return started.then((made) => (world = made))
  }
  const targets = [...Object.keys(PATHS), 'POST /attempted'].map((route) => route.slice('POST '.length))
  const nobody = { subject: null }

  async function visitor({ browser }: World): Promise<Browser> {
    const client = browser()
    await client.post('/set?cart=shoes&note=csrf-secret')
    return client
  }

  test.each(targets)(
    'V-01, V-02, V-03: a token from before %s is dead after it, and only listed data crosses',
    async (target) => {
      const world = await start()
      const attacker = await visitor(world)
      const victim = world.browser(attacker.jar)
      expect((await victim.post(target)).body).toBe('signed-in')
      expect(victim.token).not.toBe(attacker.token)
      expect(victim.token.slice(4, 28), 'another session id').not.toBe(attacker.token.slice(4, 28))
      expect(json(await attacker.get('/me'))).toMatchObject(nobody)
      const me = json(await victim.get('/me'))
      const isNext = target !== '/twice' // there, the cart went to the user in between
      expect(me).toMatchObject({ subject: 'alice', data: isNext ? { cart: 'shoes' } : {} })
      expect(me.data).not.toMatchObject({ note: 'csrf-secret' })
      await attacker.post('/set?note=planted')
      expect(json(await victim.get('/me')).data).not.toHaveProperty('note', 'planted')
    },
  )

  test.each(targets)('V-05: a token that was never issued is not adopted by %s', async (target) => {
    const world = await start()
    const made = `sjs_${'AbCdEfGh0123456789-_'.repeat(5).slice(0, 88)}`
    const victim = world.browser(new Map([[NAME, made]]))
    expect(json(await victim.get('/me'))).toMatchObject(nobody)
    expect((await victim.post(target)).body).toBe('signed-in')
    expect(victim.token).not.toBe(made)
    expect(victim.token.slice(4, 28)).not.toBe(made.slice(4, 28))
    expect(json(await world.browser(new Map([[NAME, made]])).get('/me'))).toMatchObject(nobody)
  })

  test.each(targets)(
    'V-10: %s while signed in, as the same user and as another, ends what was there',
    async (target) => {
      const world = await start()
      for (const user of ['alice', 'mallory']) {
        const client = world.browser()
        await client.post(`/login?user=${user}`)
        await client.post('/set?note=of-the-one-before&cart=hers')
        const before = client.copy()
        expect((await client.post(target)).body).toBe('signed-in')
        expect(client.token.slice(4, 28)).not.toBe(before.token.slice(4, 28))
        expect(json(await before.get('/me'))).toMatchObject(nobody)
        const me = json(await client.get('/me'))
        expect(me.subject).toBe('alice')
        expect(user !== 'alice' && /before|hers/.test(JSON.stringify(me.data))).toBe(false)
      }
    },
  )

  test('a claimed visitor’s session gives another subject nothing', async () => {
    const world = await start()
    const first = await visitor(world)
    const second = first.copy()
    const [one, two] = await Promise.all([first.post('/login?user=alice'), second.post('/login?user=bob')])
    expect([one.status, two.status]).toEqual([200, 200])
    const carts = [json(await first.get('/me')), json(await second.get('/me'))]
    expect(carts.map(({ subject }) => subject)).toEqual(['alice', 'bob'])
    expect(carts.filter(({ data }) => 'cart' in data)).toHaveLength(1)
  })

  test('V-06: in any order of steps, a session id belongs to one subject for ever', {
    timeout: 60_000,
  }, async () => {
    const world = await start()
    const steps = [
      '/login?user=alice',
      '/login?user=bob',
      '/set?cart=x',
      '/elevate',
      '/regenerate',
      '/logout',
      '/password',
      '/plain',
      '/devices/all',
    ]
    const owners = new Map<string, string | null>()
    const step = fc.record({ client: fc.nat(1), target: fc.constantFrom(...steps), stale: fc.boolean() })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 8 }), async (plan) => {
        const clients = [world.browser(), world.browser()]
        for (const { client, target, stale } of plan) {
          const acting = clients[client] as Browser
          const before = acting.copy()
          await acting.post(target)
          for (const each of stale ? [acting, before] : [acting]) {
            const { id, subject } = json(await each.get('/me'))
            if (id === null) continue
            expect(owners.get(id) ?? subject).toBe(subject)
            owners.set(id, subject)
          }
        }
      }),
      { numRuns: 25 },
    )
    expect(new Set(owners.values())).toEqual(new Set(['alice', 'bob', null]))
  })
})
