/** Read modes at the handle, where the store keeps copies and another process changes what they are copies of. */
import { describe, expect, it } from 'vitest'
import { createSessions, type Exchange, type ReadMode, type SessionHandle, type Sessions } from '../index.ts'
import { memoryStore } from '../stores/memory/index.ts'
import { tieredStore } from '../stores/tiered/index.ts'
import { fakeEnvironment, flakyStore, type FakeEnvironment, type FlakyStore } from '../testing/index.ts'

type Data = { note: string }
type Handle = SessionHandle<Data>

interface Setting {
  readonly environment: FakeEnvironment
  readonly hot: FlakyStore
  readonly here: Sessions<Data>
  readonly there: Sessions<Data>
  /** A request to this process, with what the client holds. */
  readonly open: (mode?: ReadMode) => Promise<Handle>
  /** What the client does with a response's headers. */
  readonly receive: (handle: Handle) => Promise<void>
  /** The client's token, as the other process would see it. */
  readonly token: () => string
}

const NAME = '__Host-Http-sid'
const FORMER = '__Host-old'

async function signedIn(mode?: ReadMode, name = NAME): Promise<Setting> {
  const environment = fakeEnvironment()
  const hot = flakyStore(memoryStore({ environment }), { environment })
  const node = (): Sessions<Data> =>
    createSessions<Data>({
      deployment: 'test',
      secrets: 'c4n4ryS3cr3t-9fJ2mXq7LwV0bTzKdRy5HgPe8UaN1oIs',
      store: tieredStore({ hot, environment }),
      cookie: { acceptNames: [FORMER] },
      ...(mode !== undefined && { mode }),
      environment,
    })
  const [here, there] = [node(), node()]
  const result = await there.signIn('ada', { transport: name })
  let cookie = result.kind === 'signed-in' ? `${name}=${result.token}` : ''
  const open = async (asked?: ReadMode): Promise<Handle> =>
    await here.open(exchange(cookie), asked === undefined ? {} : { mode: asked })
  const setting: Setting = {
    environment,
    hot,
    here,
    there,
    open,
    async receive(handle) {
      const headers = new Headers()
      await handle.commit(headers)
      const [line] = headers.getSetCookie()
      if (line !== undefined) cookie = line.split(';')[0] as string
    },
    token: () => cookie.slice(cookie.indexOf('=') + 1),
  }
  for (let check = 0; check < 2; check++) expect((await open('bounded')).subject).toBe('ada')
  return setting
}

function exchange(cookie: string): Exchange {
  return {
    method: 'GET',
    url: '/',
    host: 'shop.example',
    peer: '192.0.2.1',
    encrypted: true,
    header: (name) => (name === 'cookie' ? cookie : undefined),
    headersSent: () => false,
    isOver: () => false,
    onRead() {},
    onChange() {},
  }
}

describe('the mode of a request', () => {
  it.each<[string, ReadMode | undefined, ReadMode | undefined, string | undefined]>([
    ['is `bounded` by default', undefined, undefined, 'ada'],
    ['is the manager’s', 'strict', undefined, undefined],
    ['is its own before the manager’s: strict', 'bounded', 'strict', undefined],
    ['is its own before the manager’s: bounded', 'strict', 'bounded', 'ada'],
  ])('%s', async (_, ofAll, ofOne, subject) => {
    const { there, open } = await signedIn(ofAll)
    await there.revokeAll('ada')
    expect((await open(ofOne)).subject).toBe(subject)
  })

  it('reaches `get` and `respond`', async () => {
    const { here, there, token } = await signedIn()
    await there.revokeAll('ada')
    const request = new Request('https://shop.example/', { headers: { cookie: `${NAME}=${token()}` } })
    const subjectIn = async (mode?: ReadMode): Promise<readonly string[]> => {
      const options = mode === undefined ? {} : { mode }
      const got = await here.get(request, options)
      const answer = await here.respond(
        request,
        (handle) => new Response(handle.subject ?? 'nobody'),
        options,
      )
      return [got.subject ?? 'nobody', await answer.text()]
    }
    expect(await subjectIn()).toEqual(['ada', 'ada'])
    expect(await subjectIn('strict')).toEqual(['nobody', 'nobody'])
  })

  it('is strict under a former cookie name: a replaced token is not given out under the present one', async () => {
    const { there, open, token } = await signedIn('bounded', FORMER)
    const verdict = await there.verify(token(), FORMER)
    if (verdict.kind === 'valid') await there.elevate(verdict.session)
    const late = await open()
    expect(late.verdict).toEqual({ kind: 'none', reason: 'superseded' })
    expect(await late.commit()).toEqual({ kind: 'committed', headers: [] })
  })
})

describe('reverify', () => {
  it('says what is so now, and so does the handle from then on', async () => {
    const { there, open, token } = await signedIn()
    const handle = await open()
    const verdict = await there.verify(token(), NAME)
    if (verdict.kind === 'valid') await there.update(verdict.session, () => ({ note: 'new' }))
    expect(handle.data).toEqual({})
    expect(await handle.reverify()).toMatchObject({ kind: 'valid' })
    expect(handle.data).toEqual({ note: 'new' })
    await there.revokeAll('ada')
    expect(await handle.reverify()).toEqual({ kind: 'none', reason: 'revoked' })
    expect(handle.subject).toBeUndefined()
  })

  it('drops changes for a session that is over: they begin no other', async () => {
    const { hot, there, open } = await signedIn()
    const handle = await open()
    handle.set('note', 'for ada')
    await there.revokeAll('ada')
    await handle.reverify()
    const before = hot.faults.calls.commit
    expect(await handle.commit()).toEqual({ kind: 'committed', headers: [] })
    expect(hot.faults.calls.commit).toBe(before)
  })

  it('keeps changes for a session that goes on', async () => {
    const { open, receive } = await signedIn()
    const handle = await open()
    handle.set('note', 'kept')
    await handle.reverify()
    await receive(handle)
    expect((await open('strict')).data).toEqual({ note: 'kept' })
  })

  it('knows the token that this request was given', async () => {
    const { open } = await signedIn()
    const handle = await open()
    await handle.elevate({ aal: 2 })
    expect(await handle.reverify()).toMatchObject({ kind: 'valid', session: { aal: 2 } })
  })

  it('is unavailable when nobody can know, and then what is found', async () => {
    const { environment, hot, open } = await signedIn()
    await environment.advance(5_000)
    hot.faults.fail({ on: 'read', times: 2 })
    const handle = await open()
    expect(handle.unavailable).toMatchObject({ status: 503 })
    expect(await handle.reverify()).toMatchObject({ kind: 'unavailable' })
    expect(await handle.reverify()).toMatchObject({ kind: 'valid' })
    expect(handle.subject).toBe('ada')
  })

  it('asks nobody where there is no session, and leaves a visitor’s changes alone', async () => {
    const { hot, here } = await signedIn()
    const visitor = await here.open(exchange(''))
    visitor.set('note', 'a visitor’s')
    const before = hot.faults.calls.read
    expect(await visitor.reverify()).toEqual({ kind: 'none', reason: 'absent' })
    expect(hot.faults.calls.read).toBe(before)
    expect(visitor.isChanged).toBe(true)
  })
})
