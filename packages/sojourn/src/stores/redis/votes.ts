/** Counting what several servers say, without waiting for those that are silent once it is decided. */

export interface Outcome {
  readonly choice: string | undefined
  /** Of all that were asked, answering or not. */
  readonly isMajority: boolean
}

/** A rejection and `undefined` are no vote. Resolves when one has the majority, or nobody is left. */
export function mostNamed(votes: readonly Promise<string | undefined>[]): Promise<Outcome> {
  const majority = Math.floor(votes.length / 2) + 1
  const counts = new Map<string, number>()
  let choice: string | undefined
  return new Promise((resolve) => {
    let left = votes.length
    const count = (vote: string | undefined): void => {
      left--
      if (vote !== undefined) counts.set(vote, votesFor(vote) + 1)
      if (vote !== undefined && votesFor(vote) > votesFor(choice)) choice = vote
      if (left === 0 || votesFor(choice) >= majority)
        resolve({ choice, isMajority: votesFor(choice) >= majority })
    }
    for (const vote of votes) vote.then(count, () => count(undefined))
    if (left === 0) resolve({ choice, isMajority: false })
  })

  function votesFor(candidate: string | undefined): number {
    return candidate === undefined ? 0 : (counts.get(candidate) ?? 0)
  }
}
