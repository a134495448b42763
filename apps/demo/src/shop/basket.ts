/** The basket: how many of what. It lives in the session data, so a visitor has one too. */
import { type Product, productCalled } from './catalogue.ts'

/** Quantities by product. */
export type Basket = Readonly<Record<string, number>>

export interface BasketLine {
  readonly product: Product
  readonly quantity: number
  readonly cents: number
}

export const MOST_OF_ONE = 9

/** The basket with this many of a product; none takes it out. */
export function withQuantity(basket: Basket, slug: string, quantity: number): Basket {
  const { [slug]: _, ...others } = basket
  return quantity <= 0 ? others : { ...others, [slug]: Math.min(quantity, MOST_OF_ONE) }
}

export function withOneMore(basket: Basket, slug: string): Basket {
  const had = basket[slug] ?? 0
  return { ...basket, [slug]: Math.min(had + 1, MOST_OF_ONE) }
}

/** What is in it and still for sale. */
export function linesOf(basket: Basket): readonly BasketLine[] {
  return Object.entries(basket).flatMap(([slug, quantity]) => {
    const product = productCalled(slug)
    return product === undefined ? [] : [{ product, quantity, cents: product.cents * quantity }]
  })
}

export function countOf(basket: Basket): number {
  return linesOf(basket).reduce((sum, { quantity }) => sum + quantity, 0)
}

export function totalOf(lines: readonly { readonly cents: number }[]): number {
  return lines.reduce((sum, { cents }) => sum + cents, 0)
}
