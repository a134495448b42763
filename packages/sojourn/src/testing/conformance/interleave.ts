/** Forced interleavings: many writers read first, and only then do all of them commit, in an order that a seed decides. */
import assert from 'node:assert/strict'
import type { CommitAnswer } from '../../core/store.ts'
import type { Seeded } from '../seeded.ts'

/** Reads what it needs and answers the commit that it would make now. */
export type Writer = () => Promise<() => Promise<CommitAnswer>>

/**
 * Lets all writers read, then issues their commits in a shuffled order, now all at once and now one after
 * the other; those that were refused go again, until each has succeeded. Answers the number of rounds.
 */
export async function untilAllCommitted(writers: readonly Writer[], chance: Seeded): Promise<number> {
  let waiting = [...writers]
  let rounds = 0
  while (waiting.length > 0) {
    const order = chance.shuffled(waiting)
    const commits = await Promise.all(order.map((read) => read()))
    const answers = rounds % 2 === 0 ? await atOnce(commits) : await inTurn(commits)
    waiting = order.filter((_, index) => answers[index] !== 'committed')
    assert.ok(waiting.length < order.length, `nobody won: ${[...new Set(answers)].join(', ')}`)
    rounds += 1
  }
  return rounds
}

export function atOnce<T>(calls: ReadonlyArray<() => Promise<T>>): Promise<T[]> {
  return Promise.all(calls.map((call) => call()))
}

async function inTurn<T>(calls: ReadonlyArray<() => Promise<T>>): Promise<T[]> {
  const answers: T[] = []
  for (const call of calls) answers.push(await call())
  return answers
}

export function countOf<T>(items: readonly T[], wanted: T): number {
  return items.filter((item) => item === wanted).length
}
