/** What is for sale. */

export interface Product {
  /** In addresses and in baskets. */
  readonly slug: string
  readonly name: string
  readonly about: string
  readonly cents: number
  /** The colour behind its picture. */
  readonly tint: 'sand' | 'sage' | 'clay' | 'sky'
}

export const PRODUCTS: readonly Product[] = [
  {
    slug: 'mug',
    name: 'Enamel mug',
    about: 'Holds tea, soup and the first snowdrops. Chips gracefully.',
    cents: 1450,
    tint: 'sand',
  },
  {
    slug: 'rucksack',
    name: 'Canvas rucksack',
    about: 'Eighteen litres of waxed cotton, two straps, no logo.',
    cents: 12_900,
    tint: 'sage',
  },
  {
    slug: 'lantern',
    name: 'Folding lantern',
    about: 'Warm light for six nights. Folds as flat as a letter.',
    cents: 3900,
    tint: 'clay',
  },
  {
    slug: 'notebook',
    name: 'Field notebook',
    about: 'Ninety-six pages that lie flat and take ink in the rain.',
    cents: 1200,
    tint: 'sky',
  },
  {
    slug: 'blanket',
    name: 'Wool blanket',
    about: 'Woven from the undyed wool of three very patient flocks.',
    cents: 8900,
    tint: 'clay',
  },
  {
    slug: 'compass',
    name: 'Pocket compass',
    about: 'Brass, liquid-damped, and never in need of an update.',
    cents: 4600,
    tint: 'sky',
  },
  {
    slug: 'tea',
    name: 'Tin of tea',
    about: 'A smoky black tea that tastes of being outside.',
    cents: 1650,
    tint: 'sage',
  },
  {
    slug: 'flask',
    name: 'Steel flask',
    about: 'Keeps coffee hot for twelve hours and soup for ten.',
    cents: 3400,
    tint: 'sand',
  },
]

const bySlug: ReadonlyMap<string, Product> = new Map(PRODUCTS.map((product) => [product.slug, product]))

export function productCalled(slug: string): Product | undefined {
  return bySlug.get(slug)
}

const euros = new Intl.NumberFormat('en-GB', { style: 'currency', currency: 'EUR' })

export function price(cents: number): string {
  return euros.format(cents / 100)
}
