/**
 * `response.end(await session.signIn(…))`: the method is looked up before its argument changes the session, and before
 * the response is held.
 */
import { describe, expect, test } from 'vitest'
import { RAW, startRaw } from './harness/raw.ts'
import { setCookies } from './harness/set-cookie.ts'

describe.each(RAW)('$name: an `end` that was looked up before the session changed', (server) => {
  test('says what it is given, with the new token', async () => {
    const { client, errors } = await startRaw(server, async ({ response, session }) => {
      response.end(await session.signIn('alice').then(() => 'welcome'))
    })
    const answer = await client().post('/enter')
    expect(answer).toMatchObject({ status: 200, complete: true })
    expect(answer.bytes.toString()).toMatch(/welcome$/)
    expect(setCookies(answer)).toHaveLength(1)
    expect(errors).toEqual([])
  })

  test('says nothing before the change is stored', async () => {
    const { client, store } = await startRaw(server, ({ response, session }) => {
      response.end((session.set('note', 'kept'), 'stored'))
    })
    const alice = client()
    await alice.post('/login')
    store.faults.fail({ times: Number.POSITIVE_INFINITY, on: 'commit' })
    expect(await alice.post('/note')).toMatchObject({ status: 503, complete: true })
  })
})
