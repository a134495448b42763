/** What is chosen at random comes of a run's seed, so that it can be chosen again. */

/** The same numbers for the same seed, from 0 to 1. @see mulberry32 */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

export function pick<T>(choices: readonly [T, ...T[]] | readonly T[], seed: number): T {
  return choices[Math.floor(randomFrom(seed)() * choices.length)] as T
}
