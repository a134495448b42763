/** Forms that other sites post to the shop, in the browser of somebody who is signed in there. */
import { expect, test } from 'vitest'
import { COOKIE, putToken, sessionCookie, token } from './harness/cookies.ts'
import { openElsewhere } from './harness/elsewhere.ts'
import { PASSWORD, personShown, signUp, textOf, useShop } from './harness/shop.ts'

const shop = useShop()

test.each([
  { from: '127.0.0.1', site: 'cross-site', hadCookies: false },
  { from: 'evil.localhost', site: 'cross-site', hadCookies: false },
  { from: 'localhost', site: 'same-site', hadCookies: true },
])('a form from $from on another port ($site) is refused', async ({ from, site, hadCookies }) => {
  const page = await shop.visitor()
  await signUp(page, `${from}@example.com`)
  const before = await sessionCookie(page.context())
  const elsewhere = await openElsewhere()
  const refused = { status: 403, site, hadCookies, setCookies: 0 }
  const forms = [
    { to: `${shop.url}/basket/add`, fields: { product: 'mug' } },
    { to: `${shop.url}/account/address`, fields: { address: 'Elsewhere' } },
    { to: `${shop.url}/sign-out` },
  ]
  for (const form of forms) expect(await elsewhere.post(page, { from, ...form })).toEqual(refused)

  await page.goto(`${shop.url}/`)
  expect(await sessionCookie(page.context())).toEqual(before)
  expect(await personShown(page)).toBe(`${from}@example.com`)
  expect(await textOf(page, '/basket')).toContain('There is nothing in it yet.')
  expect(await textOf(page, '/account')).not.toContain('Elsewhere')
})

// Browsers send Lax cookies with whatever a sibling posts: SameSite does not help against subdomains.
test('a form from a sibling subdomain is refused, although the session cookie comes with it', async () => {
  const owner = await shop.visitor()
  await signUp(owner, 'sibling@example.com')
  const host = shop.url.replace('localhost', 'shop.wayside.localhost')
  const page = await shop.visitor()
  await putToken(page.context(), host, await token(owner.context()))
  await page.goto(`${host}/`)
  expect(await personShown(page)).toBe('sibling@example.com')

  const elsewhere = await openElsewhere()
  const posted = await elsewhere.post(page, { from: 'blog.wayside.localhost', to: `${host}/sign-out` })
  expect(posted).toEqual({ status: 403, site: 'same-site', hadCookies: true, setCookies: 0 })
  expect(await personShown(owner)).toBe('sibling@example.com')
})

test('nobody is signed in, as themselves or somebody else, by another site', async () => {
  const owner = await shop.visitor()
  await signUp(owner, 'eve@example.com')
  const page = await shop.visitor()
  const elsewhere = await openElsewhere()
  const fields = { email: 'eve@example.com', password: PASSWORD }
  const posted = await elsewhere.post(page, { from: 'evil.localhost', to: `${shop.url}/sign-in`, fields })
  expect(posted).toMatchObject({ status: 403, setCookies: 0 })
  const cookies = await page.context().cookies()
  expect(cookies.filter(({ name }) => name === COOKIE)).toEqual([])
})

test('the same form from a page of the shop is taken', async () => {
  const page = await shop.visitor()
  await signUp(page, 'own@example.com')
  const [response] = await Promise.all([
    page.waitForResponse((found) => found.url().endsWith('/basket/add')),
    page.getByRole('button', { name: 'Add Enamel mug' }).click(),
  ])
  expect([response.status(), (await response.request().allHeaders())['sec-fetch-site']]).toEqual([
    303,
    'same-origin',
  ])
})
