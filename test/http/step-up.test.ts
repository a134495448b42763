/** Step-up: what an application's own guard can ask of a session, and what it is told. */
import { describe, expect, test } from 'vitest'
import { json } from './harness/browser.ts'
import { MATRIX, startWorld } from './harness/world.ts'

describe.each(MATRIX)('$name', ({ adapter, store }) => {
  test('meets: level and age, for a guard of the application’s own', async () => {
    const { browser, environment } = await startWorld({
      adapter,
      store,
      routes: {
        'POST /transfer': ({ session }) =>
          session.meets({ aal: 2, within: '5m' }) ? { body: 'done' } : { status: 403, body: 'who are you?' },
      },
    })
    const [visitor, alice] = [browser(), browser()]
    expect((await visitor.post('/transfer')).status).toBe(403)
    await visitor.post('/set?note=x')
    expect((await visitor.post('/transfer')).status, 'an anonymous session meets nothing').toBe(403)
    await alice.post('/login?user=alice')
    expect((await alice.post('/transfer')).status).toBe(403)
    await alice.post('/elevate')
    expect((await alice.post('/transfer')).status).toBe(200)
    const stale = alice.copy()
    await environment.advance(5 * 60_000 + 1)
    expect((await alice.post('/transfer')).status, 'too long ago').toBe(403)
    await alice.post('/elevate')
    expect((await stale.post('/transfer')).status, 'the window is bound to the new token').toBe(403)
    expect((await alice.post('/transfer')).status).toBe(200)
  })

  test('a visitor cannot be elevated', async () => {
    const { browser } = await startWorld({ adapter, store })
    const visitor = browser()
    await visitor.post('/set?note=x')
    const before = visitor.token
    const answer = await visitor.post('/elevate')
    expect(answer.status).toBe(401)
    expect(json(answer)).toMatchObject({ code: 'invalid_session' })
    expect(visitor.token).toBe(before)
    expect((await browser().post('/elevate')).body).toBe('{"kind":"ended"}')
  })
})
