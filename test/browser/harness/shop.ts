/**
 * The demo as its visitors use it: by the names of links, fields and buttons. One demo and one browser serve all
 * tests of a file; every visitor is a context of their own, and every cookie that any of them is given is linted.
 */
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import { type Demo, startDemo, temporaryDataDir } from '../../../apps/demo/src/testing/demo.fixture.ts'
import { launchChromium, newContext } from './chromium.ts'
import { watchCookies } from './cookies.ts'

export interface Shop {
  /** Without a slash at the end. */
  readonly url: string
  /** A page of a browser that was never here. Its cookies are linted after the test. */
  visitor(): Promise<Page>
  /** The same for a context that a test opened itself. */
  visit(context: BrowserContext): Promise<Page>
  /** What is wrong with the cookies that were seen in this test, and how many there were. */
  cookies(): Promise<{ readonly seen: readonly string[]; readonly problems: readonly string[] }>
}

export const PASSWORD = 'a good pass phrase'

/** Starts the shop before the tests of a file and stops it after them. */
export function useShop(): Shop {
  const data = temporaryDataDir()
  let demo: Demo
  let browser: Browser
  let watched: ReturnType<typeof watchCookies>[] = []

  beforeAll(async () => {
    demo = await startDemo(data.path, { PASSWORD_AGAIN_AFTER: '86400' })
    browser = await launchChromium()
  })

  afterEach(async () => {
    const { problems } = await cookies()
    watched = []
    expect(problems).toEqual([])
  })

  afterAll(async () => {
    await browser?.close()
    await demo?.stop('SIGTERM')
    data.dispose()
  })

  async function visit(context: BrowserContext): Promise<Page> {
    watched.push(watchCookies(context))
    const page = await context.newPage()
    await page.goto(`${demo.url}/`)
    return page
  }

  async function cookies(): ReturnType<Shop['cookies']> {
    const all = await Promise.all(watched.map((watch) => watch()))
    return { seen: all.flatMap(({ seen }) => seen), problems: all.flatMap(({ problems }) => problems) }
  }

  return {
    get url() {
      return demo.url
    },
    visitor: async () => await visit(await newContext(browser)),
    visit,
    cookies,
  }
}

export async function signUp(page: Page, email: string): Promise<void> {
  await follow(page, 'Sign up')
  await fillIn(page, email)
  await page.getByRole('button', { name: 'Sign up' }).click()
  await page.getByRole('status').waitFor()
}

export interface SignInOptions {
  readonly remember?: boolean
}

/** From any page of somebody who is not signed in. */
export async function signIn(page: Page, email: string, options: SignInOptions = {}): Promise<void> {
  await follow(page, 'Sign in')
  await submitSignIn(page, email, options)
}

/** From the sign-in page that is open already. */
export async function submitSignIn(
  page: Page,
  email: string,
  { remember = false }: SignInOptions = {},
): Promise<void> {
  await fillIn(page, email)
  if (remember) await page.getByLabel('Remember me').check()
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.waitForURL((url) => url.pathname !== '/sign-in')
}

export async function signOut(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Sign out', exact: true }).click()
  await page.getByRole('heading', { name: 'You are signed out' }).waitFor()
}

export async function addToBasket(page: Page, product: string): Promise<void> {
  await follow(page, 'Shop')
  await page.getByRole('button', { name: `Add ${product}` }).click()
  await page.getByRole('listitem').filter({ hasText: product }).getByText('in your basket').waitFor()
}

/** Follows a link in the head of the page. */
export async function follow(page: Page, name: string): Promise<void> {
  await page.getByRole('banner').getByRole('link', { name }).click()
  await page.getByRole('banner').getByRole('link', { name }).and(page.locator('[aria-current]')).waitFor()
}

/** Whom the shop greets after a reload; `undefined`: nobody. */
export async function personShown(page: Page): Promise<string | undefined> {
  const { origin } = new URL(page.url())
  await page.goto(`${origin}/`)
  const account = await page.getByRole('navigation', { name: 'Account' }).innerText()
  return /\S+@\S+/.exec(account)?.[0]
}

/** What a page of the shop says below its head. */
export async function textOf(page: Page, path: string): Promise<string> {
  const { origin } = new URL(page.url())
  await page.goto(origin + path)
  return await page.getByRole('main').innerText()
}

async function fillIn(page: Page, email: string): Promise<void> {
  await page.getByLabel('E-mail').fill(email)
  await page.getByLabel('Password').fill(PASSWORD)
}
