/**
 * What was asked of the session managers of all processes, and what they answered: the ground on which checkers decide.
 *
 * All processes of a host read one clock, which no step of the wall clock moves and which goes on while a process is
 * stopped. An operation whose outcome nobody knows has no `returnedAt`: it may have its effect at any time after it was
 * invoked, or never.
 */

export interface Operation {
  /** One of its kind in a history. */
  readonly opId: string
  /** Which application process. */
  readonly node: string
  readonly op: OperationName
  /** The session's public id; absent while there is none, and where a whole subject is meant. */
  readonly session?: string
  /** Of the session that was found, or meant. */
  readonly subject?: string
  /** What was shown. */
  readonly token?: TokenSeen
  /** What was given out. */
  readonly given?: TokenSeen
  readonly mode: 'strict' | 'bounded'
  readonly result: Result
  /** Of the error it failed with, or the reason of a `none`. */
  readonly code?: string
  /** Other sessions that it ended: by the device limit. */
  readonly evicted?: readonly string[]
  /** When sign-ins began: a revocation of the whole subject after that is meant for them too. */
  readonly begunAt?: number
  /** The answer cleared the client's cookie. */
  readonly cleared?: true
  readonly invokedAt: number
  readonly returnedAt?: number
}

export type OperationName =
  | 'attempt'
  | 'signIn'
  | 'verify'
  | 'change'
  | 'regenerate'
  | 'revoke'
  | 'signOut'
  | 'revokeAll'
  | 'revokeEverything'

/**
 * `valid`, `none`, `unavailable`: verdicts, and a change that stopped at its own check. `done`: acknowledged.
 * `refused`: it had no effect, and never will. `unknown`: nobody knows; such an operation is open.
 */
export type Result = 'valid' | 'none' | 'unavailable' | 'done' | 'refused' | 'unknown'

export interface TokenSeen {
  /** Rises with every new token of the session. */
  readonly generation: number
  /** Tells two tokens of one generation apart, and is none. */
  readonly mark: string
}

/** Milliseconds since the host was started. */
export function now(): number {
  return Number(process.hrtime.bigint() / 1_000n) / 1_000
}

/** Whether `before` was over when `after` began: only then their order is certain. */
export function precedes(before: Operation, after: Operation): boolean {
  return before.returnedAt !== undefined && before.returnedAt < after.invokedAt
}

/** What each session met, in the order of being asked. */
export function bySession(history: readonly Operation[]): ReadonlyMap<string, readonly Operation[]> {
  const sessions = new Map<string, Operation[]>()
  for (const operation of history.toSorted((one, other) => one.invokedAt - other.invokedAt)) {
    if (operation.session === undefined) continue
    const known = sessions.get(operation.session)
    if (known === undefined) sessions.set(operation.session, [operation])
    else known.push(operation)
  }
  return sessions
}
