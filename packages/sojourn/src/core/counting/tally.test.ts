import { expect, it } from 'vitest'
import { tally } from './tally.ts'

it('makes one series at most of all words that it does not know', () => {
  const words = tally(['known'])
  words.add('known')
  for (let stranger = 0; stranger < 100; stranger++) words.add(`stranger ${stranger}`)
  const described = {
    name: 'sojourn.words',
    description: 'Words.',
    unit: '{word}',
    attributes: { realm: 'shop' },
  }
  expect(words.measures(described, 'word').map(({ attributes, value }) => [attributes, value])).toEqual([
    [{ realm: 'shop', word: 'known' }, 1],
    [{ realm: 'shop', word: 'other' }, 100],
  ])
})
