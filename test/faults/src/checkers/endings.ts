/** From a history: what certainly ended a session and when that was acknowledged, and what may have. Pure. */
import { type Operation, precedes } from '../history.ts'

export interface Endings {
  /** The earliest acknowledgement of each session that certainly ended. */
  readonly acknowledged: ReadonlyMap<string, number>
  /** When the first of what may have ended the session was asked for; infinity where nothing may have. */
  readonly earliest: (session: string) => number
  /** Sign-ins that were acknowledged, by session. */
  readonly signIns: ReadonlyMap<string, Operation>
}

/**
 * A revocation of a subject ends the sessions whose sign-in was over before it was asked for; a sign-in that it
 * overtook may have been refused by it, or not.
 */
export function endingsOf(history: readonly Operation[]): Endings {
  const signIns = new Map(
    history.flatMap((operation) =>
      operation.op === 'signIn' && operation.result === 'done' && operation.session !== undefined
        ? [[operation.session, operation] as const]
        : [],
    ),
  )
  const acknowledged = new Map<string, number>()
  const possible = new Map<string, number>()
  const sessionsOf = subjectIndex(signIns)

  for (const operation of history) {
    for (const session of touchedBy(operation, sessionsOf)) {
      if (!hadNoEffect(operation) && !isOfBefore(operation, session))
        lower(possible, session, operation.invokedAt)
      if (operation.result === 'done' && operation.returnedAt !== undefined && isCertain(operation, session))
        lower(acknowledged, session, operation.returnedAt)
    }
  }
  return { acknowledged, signIns, earliest: (session) => possible.get(session) ?? Number.POSITIVE_INFINITY }

  /** Over before the session began: it was meant for others. */
  function isOfBefore(operation: Operation, session: string): boolean {
    const begun = signIns.get(session)
    return begun !== undefined && precedes(operation, begun)
  }

  function isCertain(operation: Operation, session: string): boolean {
    if (operation.session === session || operation.evicted?.includes(session) === true) return true
    const begun = signIns.get(session)
    return begun !== undefined && (precedes(begun, operation) || wasBegunBefore(begun, operation))
  }
}

function hadNoEffect({ result }: Operation): boolean {
  return result === 'refused' || result === 'unavailable'
}

/** A sign-in that belongs to an attempt of before is refused or ended too. */
function wasBegunBefore({ begunAt }: Operation, ending: Operation): boolean {
  return begunAt !== undefined && begunAt < ending.invokedAt
}

export type SessionsOf = (subject: string | undefined) => readonly string[]

/** Of a subject, or of all. */
export function subjectIndex(signIns: ReadonlyMap<string, Operation>): SessionsOf {
  const bySubject = new Map<string, string[]>()
  for (const [session, { subject = '' }] of signIns) {
    const known = bySubject.get(subject)
    if (known === undefined) bySubject.set(subject, [session])
    else known.push(session)
  }
  const all = [...signIns.keys()]
  return (subject) => (subject === undefined ? all : (bySubject.get(subject) ?? []))
}

/** The sessions that the operation ended, if it had its effect. */
export function touchedBy(operation: Operation, sessionsOf: SessionsOf): readonly string[] {
  const { op, session, subject, result, evicted = [] } = operation
  if (op === 'revoke' || op === 'signOut') return session === undefined ? [] : [session]
  if (op === 'revokeAll') return sessionsOf(subject)
  if (op === 'revokeEverything') return sessionsOf(undefined)
  // A sign-in of unknown outcome may have evicted any of them.
  if (op === 'signIn') return result === 'unknown' ? sessionsOf(subject) : evicted
  return []
}

function lower(values: Map<string, number>, key: string, value: number): void {
  values.set(key, Math.min(value, values.get(key) ?? Number.POSITIVE_INFINITY))
}
