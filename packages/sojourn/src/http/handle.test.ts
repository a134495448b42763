import { expect, it } from 'vitest'
import { createSessions, type Exchange, type SessionHandle } from '../index.ts'
import { memoryStore } from '../stores/memory/index.ts'

type Data = { readonly note: string }
type Handle = SessionHandle<Data>

function setUp(): { open: (exchange?: Partial<Exchange>) => Promise<Handle> } {
  const secrets = 'c4n4ryS3cr3t-9fJ2mXq7LwV0bTzKdRy5HgPe8UaN1oIs'
  const sessions = createSessions<Data>({
    deployment: 'test',
    secrets,
    store: memoryStore(),
    transport: 'both',
  })
  return {
    open: async (exchange = {}) =>
      await sessions.open({
        method: 'GET',
        url: '/',
        host: 'shop.example',
        peer: '192.0.2.1',
        encrypted: true,
        header: () => undefined,
        headersSent: () => false,
        isOver: () => false,
        onRead() {},
        onChange() {},
        ...exchange,
      }),
  }
}

function withHeader(name: string, value: string): Pick<Exchange, 'header'> {
  return { header: (asked) => (asked === name ? value : undefined) }
}

async function cookieOf(handle: Handle): Promise<string | undefined> {
  const headers = new Headers()
  await handle.commit(headers)
  return headers.getSetCookie()[0]
}

async function signedInCookie(open: (exchange?: Partial<Exchange>) => Promise<Handle>): Promise<string> {
  const handle = await open()
  await handle.signIn('ada')
  return (await cookieOf(handle))?.split(';')[0] ?? ''
}

it('a late request with a replaced token touches no cookie, whatever it tries', async () => {
  const { open } = setUp()
  const old = await signedInCookie(open)
  await (await open(withHeader('cookie', old))).elevate()
  const late = await open(withHeader('cookie', old))
  expect(late.verdict).toMatchObject({ kind: 'none', reason: 'superseded' })
  expect(await late.update(() => ({ note: 'late' }))).toEqual({ kind: 'superseded' })
  late.set('note', 'late')
  expect(await late.commit()).toMatchObject({ kind: 'refused', headers: [] })
  await late.signOut()
  expect(await cookieOf(late)).toBeUndefined()
})

it('a cookie is asked to be safe by how the token will travel, not by how the last one came', async () => {
  const { open } = setUp()
  const bearerClient = { ...withHeader('authorization', 'Bearer x'), encrypted: false }
  const refused = (await open(bearerClient)).signIn('ada', { deliver: 'cookie' })
  await expect(refused).rejects.toMatchObject({ code: 'INSECURE_REQUEST' })
  const allowed = await open({ encrypted: false })
  expect(await allowed.signIn('ada', { deliver: 'bearer' })).toMatchObject({ kind: 'signed-in' })
})
