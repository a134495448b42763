import { expect, test } from 'vitest'
import { mostNamed } from './votes.ts'

const silent = new Promise<never>(() => {})

test('a majority decides, and nobody waits for the silent', async () => {
  expect(await mostNamed([Promise.resolve('a'), silent, Promise.resolve('a')])).toEqual({
    choice: 'a',
    isMajority: true,
  })
})

test('whoever does not answer counts among those that were asked', async () => {
  const votes = [Promise.resolve('a'), Promise.resolve(undefined), Promise.reject(new Error('gone'))]
  expect(await mostNamed(votes)).toEqual({ choice: 'a', isMajority: false })
})

test('half of them is no majority', async () => {
  const votes = ['b', 'a', 'a', 'b'].map((vote) => Promise.resolve(vote))
  expect(await mostNamed(votes)).toMatchObject({ isMajority: false })
})

test('without an answer there is no choice', async () => {
  expect(await mostNamed([])).toEqual({ choice: undefined, isMajority: false })
  expect(await mostNamed([Promise.reject(new Error('gone'))])).toEqual({
    choice: undefined,
    isMajority: false,
  })
})
