/** What every session holds, whichever library keeps it: data, and where it was signed in from. */
export const ADDRESS = '203.0.113.17'
export const USER_AGENT = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'

/** What a shop keeps, 330 bytes as JSON. */
export const DATA: Readonly<Record<string, unknown>> = {
  cart: [
    { sku: 'BOOT-42-BLACK', quantity: 1, price: 129.9 },
    { sku: 'SOCK-3PACK-GREY', quantity: 2, price: 14.5 },
  ],
  locale: 'en-GB',
  theme: 'dark',
  lastSearch: 'waterproof hiking boots 42',
  returnTo: '/checkout/shipping?step=2',
  experiment: 'checkout-b',
  recentlyViewed: [48213, 51877, 20944, 51902],
  consentAt: '2026-02-14T09:31:22Z',
}

/** Sessions of a measured store, and every how manieth of them is used. */
export const SESSIONS = 10_000
export const USED = 10

export function userNames(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `user-${String(index).padStart(8, '0')}`)
}
