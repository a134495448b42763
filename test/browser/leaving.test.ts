/** After signing out, here or from another device: what the browser still shows. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { BrowserContext, Page } from 'playwright-core'
import { expect, onTestFinished, test } from 'vitest'
import { follow, personShown, signIn, signOut, signUp, textOf, useShop } from './harness/shop.ts'

const shop = useShop()

/** One page as it came into view. */
interface Shown {
  readonly path: string
  /** Kept alive since it was left, and not asked for again. */
  readonly kept: boolean
  readonly text: string
}

/** Every page that comes into view from now on, in any tab. */
async function watchPages(context: BrowserContext): Promise<readonly Shown[]> {
  const all: Shown[] = []
  await context.exposeFunction('report', (shown: Shown) => void all.push(shown))
  await context.addInitScript(`addEventListener('pageshow', ({ persisted }) =>
    report({ path: location.pathname, kept: persisted, text: document.body.innerText }))`)
  return all
}

/** The browser's own button. A page that it kept is there without being loaded, so there is no load to wait for. */
async function back(page: Page, shown: readonly Shown[]): Promise<Shown> {
  const { length } = shown
  await page.goBack({ waitUntil: 'commit' })
  await expect.poll(() => shown.length, { timeout: 20_000 }).toBeGreaterThan(length)
  return shown.at(-1) as Shown
}

async function ordinarySite(): Promise<string> {
  const server: Server = createServer((request, response) => {
    const text = `the page ${request.url}`
    response.setHeader('content-type', 'text/html').end(`<!doctype html><title>.</title><p>${text}`)
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://localhost:${(server.address() as AddressInfo).port}`
}

test('“back” after signing out shows nothing of the account', async () => {
  const page = await shop.visitor()
  const shown = await watchPages(page.context())
  await signUp(page, 'back@example.com')
  await follow(page, 'Devices')
  await follow(page, 'Account')
  expect(shown.at(-1)).toMatchObject({ path: '/account', text: expect.stringContaining('back@example.com') })
  await signOut(page)
  const { length } = shown
  for (const _ of ['account', 'devices']) {
    expect(await back(page, shown)).toMatchObject({ path: '/sign-in', kept: false })
  }
  for (const { text } of shown.slice(length)) expect(text).not.toContain('back@example.com')
})

test('… in a browser that does keep the pages of an ordinary site', async () => {
  const page = await shop.visitor()
  const shown = await watchPages(page.context())
  const site = await ordinarySite()
  await page.goto(`${site}/one`)
  await page.goto(`${site}/two`)
  expect(await back(page, shown)).toEqual({ path: '/one', kept: true, text: 'the page /one' })
})

test('signing another device out ends it there', async () => {
  const [ada, other] = [await shop.visitor(), await shop.visitor()]
  await signUp(ada, 'devices@example.com')
  await signIn(other, 'devices@example.com')
  await follow(other, 'Account')
  await follow(ada, 'Devices')
  await ada.getByRole('button', { name: /^Sign out Chrome/ }).click()
  await ada.getByText('That device was signed out.').waitFor()

  await other.reload()
  expect(new URL(other.url()).pathname).toBe('/sign-in')
  expect(await other.getByRole('status').innerText()).toContain('Your session has ended')
  expect(await personShown(other)).toBe(undefined)
  expect(await personShown(ada)).toBe('devices@example.com')
  expect(await textOf(ada, '/devices')).toContain('on this device only')
})

test('“sign out everywhere” ends all of them, this one too', async () => {
  const [ada, other] = [await shop.visitor(), await shop.visitor()]
  await signUp(ada, 'everywhere@example.com')
  await signIn(other, 'everywhere@example.com', { remember: true })
  await follow(ada, 'Devices')
  await ada.getByRole('button', { name: 'Sign out everywhere' }).click()
  await ada.getByRole('heading', { name: 'You are signed out' }).waitFor()
  for (const page of [ada, other]) expect(await personShown(page)).toBe(undefined)
})
