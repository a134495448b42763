/** The pages of the shop by axe: people who use it with a keyboard or a screen reader meet no obstacle that it knows. */
import axe, { type AxeResults } from 'axe-core'
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { addToBasket, signUp, useShop } from './harness/shop.ts'

const shop = useShop()

test('axe finds nothing wrong with any page', async () => {
  const stranger = await shop.visitor()
  expect(
    await violations(stranger, ['/', '/basket', '/sign-in', '/sign-up', '/signed-out', '/nowhere']),
  ).toEqual([])
  const ada = await shop.visitor()
  await signUp(ada, 'axe@example.com')
  await addToBasket(ada, 'Enamel mug')
  expect(await violations(ada, ['/', '/basket', '/account', '/account/password', '/devices'])).toEqual([])
})

async function violations(page: Page, paths: readonly string[]): Promise<readonly string[]> {
  const found: string[] = []
  for (const path of paths) {
    await page.goto(shop.url + path)
    await page.evaluate(axe.source)
    const { violations: problems } = await page.evaluate<AxeResults>('axe.run()')
    found.push(
      ...problems.map(({ id, nodes }) => `${path}: ${id} at ${nodes.map(({ html }) => html).join()}`),
    )
  }
  return found
}
