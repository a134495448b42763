/** What a page of devices is told while it is open. */
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { type Demo, startDemo, temporaryDataDir } from '../testing/demo.fixture.ts'
import { signIn, signUp, type Visitor, visitor } from '../testing/visitor.fixture.ts'

const data = temporaryDataDir()
let demo: Demo

beforeAll(async () => {
  demo = await startDemo(data.path)
})

afterAll(async () => {
  await demo.stop('SIGTERM')
  data.dispose()
})

interface Listener {
  readonly response: Response
  /** All that came so far. */
  readonly heard: () => string
  /** Resolves when the server has ended the connection. */
  readonly ended: Promise<void>
}

async function listen(who: Visitor, headers: Record<string, string> = {}): Promise<Listener> {
  const leaving = new AbortController()
  onTestFinished(() => leaving.abort())
  const response = await fetch(`${demo.url}/devices/live`, {
    headers: { accept: 'text/event-stream', cookie: `__Host-Http-sid=${who.token() ?? ''}`, ...headers },
    signal: leaving.signal,
  })
  let text = ''
  const read = async (): Promise<void> => {
    for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) text += chunk
  }
  const ended = read()
  // A test that leaves first is not waiting for it.
  ended.catch(() => undefined)
  return { response, heard: () => text, ended }
}

function otherDevice(page: string): string {
  return /name="id" value="([^"]+)"/.exec(page)?.[1] ?? ''
}

test('a page is told that its session was ended from another device, and that is the end of it', async () => {
  const [ada, phone] = [visitor(demo.url), visitor(demo.url)]
  await signUp(ada, 'live@example.com')
  await signIn(phone, 'live@example.com')
  const told = await listen(phone)
  expect(told.response.headers.get('content-type')).toBe('text/event-stream')
  await ada.post('/devices/sign-out', { id: otherDevice((await ada.get('/devices')).body) })
  await told.ended
  expect(told.heard()).toMatch(/event: ended\ndata: elsewhere\n\n$/)
})

test.each([
  ['/devices/sign-out-others', 'elsewhere', {}],
  ['/devices/sign-out-everywhere', 'elsewhere', {}],
  ['/account/password', 'new-password', { password: 'a good pass phrase', 'new-password': 'another phrase' }],
])('the same goes for whatever ends it: %s', async (path, notice, fields) => {
  const [ada, phone] = [visitor(demo.url), visitor(demo.url)]
  const email = `${path.replaceAll(/\W/g, '')}@example.com`
  await signUp(ada, email)
  await signIn(phone, email)
  const told = await listen(phone)
  await ada.post(path, fields)
  await told.ended
  expect(told.heard()).toMatch(new RegExp(`event: ended\\ndata: ${notice}\\n\\n$`))
  expect((await ada.get('/')).status).toBe(200)
})

test('the session that goes on is told what happened, and nobody else is', async () => {
  const [ada, eve] = [visitor(demo.url), visitor(demo.url)]
  await signUp(ada, 'happened@example.com')
  await signUp(eve, 'eve@example.com')
  const [told, other] = [await listen(ada), await listen(eve)]
  await signIn(visitor(demo.url), 'happened@example.com')
  await expect.poll(told.heard).toMatch(/event: happened\ndata: {[^\n]*"text":"Signed in on Firefox on Linux/)
  await delay(50)
  expect(other.heard()).toBe('retry: 2000\n\n')
})

test('whoever comes back after the end is told so at once', async () => {
  const ada = visitor(demo.url)
  await signUp(ada, 'late@example.com')
  const token = ada.token() as string
  await ada.post('/sign-out')
  ada.steal(token)
  const told = await listen(ada)
  await told.ended
  expect(told.heard()).toBe('event: ended\ndata: ended\n\n')
})

test('a page of another site cannot listen', async () => {
  const ada = visitor(demo.url)
  await signUp(ada, 'listened@example.com')
  const { response } = await listen(ada, { 'sec-fetch-site': 'cross-site' })
  expect(response.status).toBe(403)
})

test('a page that stays open does not hold up the end of the shop', async () => {
  const elsewhere = temporaryDataDir()
  const other = await startDemo(elsewhere.path)
  const ada = visitor(other.url)
  await signUp(ada, 'open@example.com')
  const headers = { cookie: `__Host-Http-sid=${ada.token()}` }
  const { body } = await fetch(`${other.url}/devices/live`, { headers })
  const startedAt = performance.now()
  expect(await other.stop('SIGTERM')).toBe(0)
  expect(performance.now() - startedAt).toBeLessThan(4000)
  await body?.cancel().catch(() => undefined)
  elsewhere.dispose()
})
