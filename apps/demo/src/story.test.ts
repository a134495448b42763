/** What people do in the shop, over HTTP and HTTPS, against the demo as it is started by `npm start`. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Demo, startDemo, temporaryDataDir, trustCertificateIn } from './testing/demo.fixture.ts'
import { signIn, signUp, type Seen, type Visitor, visitor } from './testing/visitor.fixture.ts'

const PASSWORD_AGAIN_AFTER_MS = 1000
const PHONE =
  'Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 Chrome/140.0.0.0 Mobile Safari/537.36'

describe.each([
  { scheme: 'http', flags: [] },
  { scheme: 'https', flags: ['--https'] },
])('over $scheme', ({ scheme, flags }) => {
  const data = temporaryDataDir()
  const visitors: Visitor[] = []
  let demo: Demo

  beforeAll(async () => {
    const environment = { PASSWORD_AGAIN_AFTER: String(PASSWORD_AGAIN_AFTER_MS / 1000) }
    demo = await startDemo(data.path, environment, flags)
    if (scheme === 'https') trustCertificateIn(data.path)
  })

  afterAll(async () => {
    await demo.stop('SIGTERM')
    data.dispose()
  })

  function browser(userAgent?: string): Visitor {
    const made = visitor(demo.url, userAgent)
    visitors.push(made)
    return made
  }

  function otherDevice(page: string): string {
    return /name="id" value="([^"]+)"/.exec(page)?.[1] ?? ''
  }

  test('it is where it says', async () => {
    expect(new URL(demo.url).protocol).toBe(`${scheme}:`)
  })

  test('looking around stores nothing and sets no cookie', async () => {
    const ada = browser()
    const { status, cookies } = await ada.get('/')
    expect({ status, cookies }).toEqual({ status: 200, cookies: [] })
  })

  test('a basket comes along when its visitor signs up, under a new token', async () => {
    const ada = browser()
    const added = await ada.post('/basket/add', { product: 'mug' })
    expect(added.location).toBe('/#mug')
    expect(added.cookies[0]).toMatch(/^__Host-Http-sid=[^;]+; Path=\/; HttpOnly; Secure; SameSite=Lax$/)
    await ada.post('/basket/add', { product: 'mug' })
    const before = ada.token() as string
    await signUp(ada, 'basket@example.com')
    expect((await ada.get('/basket')).body).toContain('€29.00')
    expect((await ada.get('/basket')).body).toContain('basket@example.com')

    const thief = browser()
    thief.steal(before)
    expect((await thief.get('/basket')).body).toContain('There is nothing in it yet.')
  })

  test('parallel clicks all land in the basket, and two clicks make one order', async () => {
    const ada = browser()
    await signUp(ada, 'clicks@example.com')
    const products = ['mug', 'mug', 'mug', 'tea', 'tea', 'flask']
    await Promise.all(products.map((product) => ada.post('/basket/add', { product })))
    const lines = (await ada.get('/basket')).body.match(/quantity">(\d)</g)
    expect(lines?.toSorted()).toEqual(['quantity">1<', 'quantity">2<', 'quantity">3<'])
    await Promise.all([ada.post('/orders'), ada.post('/orders')])
    expect((await ada.get('/account')).body.match(/Order \d+/g)).toHaveLength(1)
  })

  test('remember me makes a cookie that outlives the browser; without it the cookie does not', async () => {
    const ada = browser()
    await signUp(ada, 'remember@example.com')
    const usual = await signIn(browser(), 'remember@example.com')
    expect(usual.cookies[0]).not.toMatch(/max-age|expires/i)
    const remembered = await signIn(browser(), 'remember@example.com', { remember: true })
    const days = Number(/Max-Age=(\d+)/.exec(remembered.cookies[0] ?? '')?.[1]) / 86_400
    expect(days).toBeGreaterThan(29)
    expect(days).toBeLessThanOrEqual(30)
  })

  test('signing out ends the session and removes the cookie with the attributes it was set with', async () => {
    const ada = browser()
    await signUp(ada, 'leaves@example.com')
    const token = ada.token() as string
    const { location, cookies, headers } = await ada.post('/sign-out')
    expect(location).toBe('/signed-out')
    expect(headers.get('clear-site-data')).toBe('"storage"')
    expect(cookies).toEqual(['__Host-Http-sid=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Lax'])
    expect((await ada.get('/signed-out')).body).toContain('You are signed out')
    ada.steal(token)
    expect((await ada.get('/account')).location).toBe('/sign-in?return=%2Faccount&notice=ended')
  })

  test('another device is signed out after the password was given again', async () => {
    const ada = browser()
    const phone = browser(PHONE)
    await signUp(ada, 'devices@example.com')
    await signIn(phone, 'devices@example.com')
    const list = (await ada.get('/devices')).body
    expect(list).toContain('Firefox on Linux')
    expect(list).toContain('Chrome on Android')
    expect(list.match(/This device/g)).toHaveLength(1)

    await delay(PASSWORD_AGAIN_AFTER_MS + 100)
    expect((await ada.post('/devices/sign-out', { id: otherDevice(list) })).location).toBe('/confirm')
    expect((await ada.get('/confirm')).body).toContain('sign out Chrome on Android')
    expect((await phone.get('/account')).status).toBe(200)
    expect((await ada.post('/confirm', { password: 'not the one' })).status).toBe(422)
    expect((await phone.get('/account')).status).toBe(200)

    const before = ada.token() as string
    expect((await ada.post('/confirm', { password: 'a good pass phrase' })).location).toBe(
      '/devices?notice=signed-out-one',
    )
    expect(ada.token()).not.toBe(before)
    expect((await phone.get('/account')).status).toBe(303)
    expect((await ada.get('/devices')).body).not.toContain('<h2>Chrome on Android')
  })

  test("somebody else's device is none of one's own", async () => {
    const [ada, eve] = [browser(), browser()]
    await signUp(ada, 'ada@example.com')
    await signIn(browser(PHONE), 'ada@example.com')
    await signUp(eve, 'eve@example.com')
    const id = otherDevice((await ada.get('/devices')).body)
    expect((await eve.post('/devices/sign-out', { id })).location).toBe('/devices?notice=gone-already')
    expect((await ada.get('/devices')).body).toContain('Chrome on Android')
  })

  test('all others, and everywhere', async () => {
    const [ada, second, third] = [browser(), browser(), browser()]
    await signUp(ada, 'many@example.com')
    await signIn(second, 'many@example.com')
    await signIn(ada, 'many@example.com')
    expect((await ada.post('/devices/sign-out-others')).location).toBe('/devices?notice=signed-out-others')
    expect((await second.get('/account')).status).toBe(303)
    expect((await ada.get('/account')).status).toBe(200)
    await signIn(third, 'many@example.com')
    const everywhere = await third.post('/devices/sign-out-everywhere')
    expect(everywhere.location).toBe('/signed-out')
    expect(everywhere.headers.get('clear-site-data')).toBe('"storage"')
    expect(everywhere.cookies[0]).toContain('Max-Age=0')
    expect((await ada.get('/account')).status).toBe(303)
  })

  test('a new address waits for the password, then goes on', async () => {
    const ada = browser()
    await signUp(ada, 'address@example.com')
    await delay(PASSWORD_AGAIN_AFTER_MS + 100)
    expect((await ada.post('/account/address', { address: '5 <Ferry> Steps' })).location).toBe('/confirm')
    expect((await ada.get('/account')).body).not.toContain('Ferry')
    await ada.post('/confirm', { password: 'a good pass phrase' })
    expect((await ada.get('/account')).body).toContain('5 &lt;Ferry&gt; Steps')
    expect((await ada.get('/confirm')).location).toBe('/account')
  })

  test('a new password ends the other sessions and is the one that counts', async () => {
    const [ada, other] = [browser(), browser()]
    await signUp(ada, 'password@example.com')
    await signIn(other, 'password@example.com')
    const wrong = await ada.post('/account/password', { password: 'no', 'new-password': 'another phrase' })
    expect(wrong.status).toBe(422)
    const before = ada.token()
    const fields = { password: 'a good pass phrase', 'new-password': 'another phrase' }
    expect((await ada.post('/account/password', fields)).location).toBe('/account?notice=password')
    expect(ada.token()).not.toBe(before)
    expect((await ada.get('/account')).status).toBe(200)
    expect((await other.get('/account')).status).toBe(303)
    expect((await signIn(other, 'password@example.com')).status).toBe(401)
    expect((await signIn(other, 'password@example.com', { password: 'another phrase' })).status).toBe(303)
  })

  test('an unknown e-mail and a wrong password get the same answer', async () => {
    await signUp(browser(), 'known@example.com')
    const wrong = await signIn(browser(), 'known@example.com', { password: 'not the one' })
    const unknown = await signIn(browser(), 'other@example.com', { password: 'not the one' })
    expect(wrong.status).toBe(401)
    expect(unknown.status).toBe(401)
    const withoutTokens = ({ body }: Seen): string => body.replaceAll(/sjc_[\w-]{48}/g, '')
    expect(withoutTokens(unknown).replaceAll('other@', 'known@')).toBe(withoutTokens(wrong))
    expect([...wrong.cookies, ...unknown.cookies]).toEqual([])
  })

  test('after all of this no token stands in an address, a page, the output or a file', () => {
    const tokens = visitors.flatMap((one) => one.tokens())
    const files = readdirSync(data.path, { recursive: true, withFileTypes: true })
      .filter((file) => file.isFile())
      .map(({ parentPath, name }) => readFileSync(join(parentPath, name), 'latin1'))
    const text = [demo.printed(), ...files, ...visitors.map((one) => one.everythingSeen())].join('\n')
    expect(tokens.length).toBeGreaterThan(20)
    for (const token of tokens) {
      expect(text).not.toContain(token)
      expect(text).not.toContain(token.slice(-24))
    }
  })
})
