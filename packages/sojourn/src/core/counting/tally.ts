/**
 * Counting by a word, of which there are few and all are known beforehand, so that no word that comes from outside
 * makes a series of its own.
 */
import type { Described, Figure } from '../measures.ts'

export interface Tally {
  /** A word that is not on the list counts as `other`. */
  add(word: string): void
  /** A counter for each word, at 0 from the start: what appears with its first event is no increase to a monitor. `other` once it came. */
  measures(described: Described, attribute: string): readonly Figure[]
}

/** **Cost**: an addition, beside finding the word. */
export function tally(words: readonly string[]): Tally {
  const counts = new Map(words.map((word) => [word, 0]))

  return {
    add(word) {
      const known = counts.get(word)
      if (known === undefined) counts.set('other', (counts.get('other') ?? 0) + 1)
      else counts.set(word, known + 1)
    },
    measures: (described, attribute) =>
      [...counts].map(([word, value]) => ({
        ...described,
        kind: 'counter',
        attributes: { ...described.attributes, [attribute]: word },
        value,
      })),
  }
}
