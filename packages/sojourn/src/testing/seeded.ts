/** Chance that can be repeated: everything random in a test comes from a seed that its failure can name. */

export interface Seeded {
  /** A number in [0, 1). */
  next(): number
  /** A whole number from 0 up to `limit`, without `limit`. */
  below(limit: number): number
  /** A new array with the same elements in another order. */
  shuffled<T>(items: readonly T[]): T[]
  bytes(count: number): Buffer
}

/** The same `seed` always gives the same sequence (mulberry32). For tests only: anybody can guess it. */
export function seeded(seed: number): Seeded {
  let state = seed | 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (limit: number): number => Math.floor(next() * limit)
  return {
    next,
    below,
    shuffled: (items) => shuffle(items, below),
    bytes: (count) => fillBytes(count, below),
  }
}

function shuffle<T>(items: readonly T[], below: (limit: number) => number): T[] {
  const left = [...items]
  const order: T[] = []
  while (left.length > 0) order.push(...left.splice(below(left.length), 1))
  return order
}

function fillBytes(count: number, below: (limit: number) => number): Buffer {
  const bytes = Buffer.alloc(count)
  for (let at = 0; at < count; at++) bytes[at] = below(256)
  return bytes
}
