/** Two people at one browser, and in two: nothing of the one is ever shown to the other. */
import { expect, test } from 'vitest'
import { putToken, token } from './harness/cookies.ts'
import {
  addToBasket,
  follow,
  personShown,
  signIn,
  signOut,
  signUp,
  submitSignIn,
  textOf,
  useShop,
} from './harness/shop.ts'

const shop = useShop()
const NOTHING = 'There is nothing in it yet.'

test('two browsers are two people', async () => {
  const [ada, bob] = [await shop.visitor(), await shop.visitor()]
  await signUp(ada, 'ada.two@example.com')
  await signUp(bob, 'bob.two@example.com')
  await addToBasket(ada, 'Enamel mug')
  await addToBasket(bob, 'Steel flask')
  for (const [page, own, foreign] of [
    [ada, ['ada.two@example.com', 'Enamel mug'], ['bob.two@example.com', 'Steel flask']],
    [bob, ['bob.two@example.com', 'Steel flask'], ['ada.two@example.com', 'Enamel mug']],
  ] as const) {
    const shown = (await textOf(page, '/account')) + (await textOf(page, '/basket'))
    for (const text of own) expect(shown).toContain(text)
    for (const text of foreign) expect(shown).not.toContain(text)
  }
})

test('whoever signs in after somebody signed out finds nothing of them', async () => {
  const page = await shop.visitor()
  await signUp(page, 'ada.first@example.com')
  await addToBasket(page, 'Enamel mug')
  await signOut(page)
  expect(await textOf(page, '/basket')).toContain(NOTHING)
  await signUp(page, 'bob.then@example.com')
  expect(await textOf(page, '/basket')).toContain(NOTHING)
  await addToBasket(page, 'Steel flask')
  await signOut(page)
  await signIn(page, 'ada.first@example.com')
  expect(await personShown(page)).toBe('ada.first@example.com')
  expect(await textOf(page, '/basket')).toContain(NOTHING)
  expect(await textOf(page, '/account')).not.toContain('bob.then@example.com')
})

test('a sign-in over somebody else’s ends theirs and takes nothing along', async () => {
  const page = await shop.visitor()
  await signUp(page, 'bob.over@example.com')
  await signOut(page)
  await follow(page, 'Sign in')
  const tab = await page.context().newPage()
  await tab.goto(`${shop.url}/`)
  await signUp(tab, 'ada.under@example.com')
  await addToBasket(tab, 'Enamel mug')
  const tokenOfAda = await token(page.context())

  await submitSignIn(page, 'bob.over@example.com')
  for (const shown of [page, tab]) {
    expect(await personShown(shown)).toBe('bob.over@example.com')
    expect(await textOf(shown, '/basket')).toContain(NOTHING)
  }
  const thief = await shop.visitor()
  await putToken(thief.context(), shop.url, tokenOfAda)
  expect(await personShown(thief)).toBe(undefined)
})
