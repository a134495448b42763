/**
 * What becomes of the session that a browser brings along to a sign-in.
 *
 * It crosses without a gap: a commit claims its record, which is dead from then on and names its successor and,
 * sealed for the holder of its own secret, the successor's secret; then the successor is admitted; then, after the
 * grace, the old record is deleted. A process that dies in between leaves a claim that a repeated sign-in of the
 * same subject continues; a parallel one (the form was sent twice) ends with the same session and the same token.
 * Nobody else can continue it, and until it is deleted a late request with the old token is known for what it is.
 */
import type { Promised } from './creation.ts'
import { type Engine, opened } from '../engine.ts'
import { type RosterKey, type SessionNumber, randomNumber, sessionId } from '../ids.ts'
import type { EndedInFavour } from '../ending/in-favour.ts'
import { lookOrThrow } from '../verdict/look.ts'
import { claimedAgain } from '../rules/again.ts'
import { claim, type ClaimAnswer, revoke } from '../rules/end.ts'
import { openSuccessor, sealSuccessor } from '../token/seal.ts'
import { isTokenShaped, newSecret, readToken, secretOf, type TokenClaims } from '../token/token.ts'

export interface PresentedToken {
  readonly token: string
  /** A cookie's name, or `bearer`. */
  readonly transport: string
}

/** A genuine token whose session lives, or was claimed a moment ago. */
export interface Previous {
  readonly token: string
  readonly claims: TokenClaims
}

/** What a sign-in takes over. */
export interface TakenOver {
  /** `undefined`: nothing may cross. */
  readonly data: Uint8Array | undefined
  readonly promised: Promised | undefined
}

export const NOTHING_TAKEN: TakenOver = { data: undefined, promised: undefined }

/** @throws SystemError when it cannot be known whether there is one */
export async function findPrevious(
  engine: Engine,
  presented: PresentedToken | undefined,
): Promise<Previous | undefined> {
  if (presented === undefined || !isTokenShaped(presented.token)) return undefined
  const { token, transport } = presented
  const claims = readToken(engine.scope(await opened(engine), transport), token)
  if (claims === undefined) return undefined
  const judgement = await lookOrThrow(engine, claims)
  const isThere = judgement.kind === 'valid' || judgement.reason === 'claimed'
  return isThere ? { token, claims } : undefined
}

/** The number, when the previous session is one of the same roster. */
export function sameRoster(previous: Previous | undefined, roster: RosterKey): SessionNumber | undefined {
  return previous?.claims.roster === roster ? previous.claims.number : undefined
}

/** Data crosses from a visitor's session and from one of the same subject. */
export async function takeOver(
  engine: Engine,
  { token, claims }: Previous,
  roster: RosterKey,
): Promise<TakenOver> {
  const { environment, settings, endsInFavour } = engine
  const presented = secretOf(token)
  const number = randomNumber(environment)
  const place = { session: sessionId(roster, number), generation: 0 }
  const sealed = sealSuccessor(environment, settings.ring, {
    ...place,
    presented,
    successor: newSecret(environment),
  })
  const rule = claim({
    number: claims.number,
    secretHash: claims.secretHash,
    target: { roster, number, endsAt: environment.now() + settings.graceMs, sealed },
  })
  const changed = await endsInFavour.change(claims.roster, {
    scope: claims.number,
    rule,
    writeClass: engine.replicated,
    repeatable: true,
    endsOf: (answer: ClaimAnswer) => claimedBy(answer, claims),
  })
  if (changed.answer.kind === 'nothing') return NOTHING_TAKEN
  const { target, session } = changed.answer
  const subject = changed.header?.subject
  const secret = openSuccessor(settings.ring, target.sealed, {
    session: sessionId(target.roster, target.number),
    generation: 0,
    presented,
  })
  return {
    data: subject === undefined || claims.roster === roster ? session.data : undefined,
    promised:
      secret === undefined
        ? undefined
        : { number: target.number, secret, isContinued: target.number !== number },
  }
}

function claimedBy(answer: ClaimAnswer, { roster, number }: TokenClaims): readonly EndedInFavour[] {
  if (answer.kind === 'nothing') return []
  return [{ rule: claimedAgain(number, answer.target), refusal: { kind: 'session', roster, number } }]
}

/** The record is dead already; should its deletion fail, its deadline clears it away. */
export function deleteLater(engine: Engine, { claims }: Previous): void {
  const { roster, number } = claims
  const id = sessionId(roster, number)
  engine.events.emit('session.ended', { sessionId: id, subject: undefined, reason: 'claimed' })
  engine.chores.later(`claimed ${id}`, () =>
    engine.writer.change(roster, {
      scope: 'roster',
      rule: revoke(number, 'claimed'),
      writeClass: 'fast',
      repeatable: true,
    }),
  )
}
