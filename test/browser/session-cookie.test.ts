/** The session cookie in a real browser: what scripts, strangers and restarts can do with it. */
import { expect, test } from 'vitest'
import { newProfile, openProfile } from './harness/chromium.ts'
import { COOKIE, putToken, sessionCookie, token } from './harness/cookies.ts'
import { addToBasket, personShown, signIn, signOut, signUp, textOf, useShop } from './harness/shop.ts'

const shop = useShop()

const PLANTED = `sjs_${'A'.repeat(88)}`

test.each([false, true])('a script can neither plant nor read it (signed in: %s)', async (signedIn) => {
  const page = await shop.visitor()
  const context = page.context()
  if (signedIn) await signUp(page, 'script@example.com')
  const before = await sessionCookie(context)
  expect(before === undefined).toBe(!signedIn)
  const readable = await page.evaluate(
    async ({ name, value }) => {
      for (const attributes of [
        '',
        '; Path=/',
        '; Path=/; Secure',
        '; Path=/; Secure; SameSite=Lax; HttpOnly',
      ])
        document.cookie = `${name}=${value}${attributes}`
      await cookieStore.set(name, value).catch(() => undefined)
      document.cookie = 'ordinary=yes'
      document.cookie = `__Host-ordinary=yes; Path=/; Secure`
      return [document.cookie, ...(await cookieStore.getAll()).map((cookie) => cookie.name)]
    },
    { name: COOKIE, value: PLANTED },
  )
  expect(await sessionCookie(context)).toEqual(before)
  expect(readable).toEqual(['ordinary=yes; __Host-ordinary=yes', 'ordinary', '__Host-ordinary'])
  expect(await personShown(page)).toBe(signedIn ? 'script@example.com' : undefined)
})

test('a token that was fixed before the sign-in is useless after it', async () => {
  const [attacker, victim] = [await shop.visitor(), await shop.visitor()]
  await signUp(victim, 'fixed@example.com')
  await signOut(victim)
  await addToBasket(attacker, 'Enamel mug')
  const fixed = await token(attacker.context())
  await putToken(victim.context(), shop.url, fixed)
  expect(await textOf(victim, '/basket'), 'the victim uses what was fixed').toContain('Enamel mug')

  await signIn(victim, 'fixed@example.com')
  expect(await token(victim.context())).not.toBe(fixed)
  expect(await personShown(victim)).toBe('fixed@example.com')
  expect(await personShown(attacker)).toBe(undefined)
  expect(await textOf(attacker, '/basket')).not.toContain('Enamel mug')
})

test('a made-up token is nobody’s, and is not kept when somebody signs in', async () => {
  const page = await shop.visitor()
  await putToken(page.context(), shop.url, PLANTED)
  expect(await personShown(page)).toBe(undefined)
  await signUp(page, 'made-up@example.com')
  expect(await token(page.context())).not.toBe(PLANTED)
})

test('“remember me” survives the end of the browser, and the usual cookie does not', async () => {
  const owner = await shop.visitor()
  await signUp(owner, 'restart@example.com')
  const [usual, remembering] = [newProfile(), newProfile()]
  for (const [profile, remember] of [
    [usual, false],
    [remembering, true],
  ] as const) {
    const context = await openProfile(profile)
    const page = await shop.visit(context)
    await signIn(page, 'restart@example.com', { remember })
    expect(await personShown(page)).toBe('restart@example.com')
    await context.close()
  }
  const [afterUsual, afterRemembering] = [await openProfile(usual), await openProfile(remembering)]
  expect(await sessionCookie(afterUsual)).toBe(undefined)
  expect(await personShown(await shop.visit(afterUsual))).toBe(undefined)
  expect(await personShown(await shop.visit(afterRemembering))).toBe('restart@example.com')
})

test('the linter sees a cookie when it is given, renewed and taken away, and has nothing to say', async () => {
  const page = await shop.visitor()
  await addToBasket(page, 'Enamel mug')
  await signUp(page, 'linted@example.com')
  await signOut(page)
  await signIn(page, 'linted@example.com', { remember: true })
  const { seen, problems } = await shop.cookies()
  expect(seen).toHaveLength(4)
  expect(problems).toEqual([])
})
