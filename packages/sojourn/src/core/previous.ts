/**
 * What becomes of the session that a browser brings along to a sign-in.
 *
 * An anonymous one crosses without a gap: a commit claims its record, which is dead from then on and names its
 * successor; then the successor is admitted; then the old record is deleted. A process that dies in between
 * leaves a claim that a repeated sign-in of the same subject continues, and that nobody else can use.
 */
import { announceEnded, type Engine, opened } from './engine.ts'
import { type RosterKey, type SessionNumber, randomNumber } from './ids.ts'
import { judge } from './judge.ts'
import { claim, revoke } from './rules/end.ts'
import { isTokenShaped, readToken, type TokenClaims } from './token/token.ts'

export interface PresentedToken {
  readonly token: string
  /** A cookie's name, or `bearer`. */
  readonly transport: string
}

export interface FoundPrevious {
  readonly claims: TokenClaims
  readonly kind: 'anonymous' | 'own' | 'other'
  readonly data: Uint8Array | undefined
}

/** What a sign-in takes over, and how it tidies up once the new session exists. */
export interface TakenOver {
  readonly data: Uint8Array | undefined
  /** The number that the claim promised. */
  readonly number: SessionNumber | undefined
  /** A record of the same roster to be replaced. */
  readonly replaces: SessionNumber | undefined
  readonly finish: () => Promise<void>
}

export const NOTHING_TAKEN: TakenOver = {
  data: undefined,
  number: undefined,
  replaces: undefined,
  finish: () => Promise.resolve(),
}

/** `undefined` unless the token is genuine and its session lives, or was claimed by an earlier try. */
export async function findPrevious(
  engine: Engine,
  presented: PresentedToken | undefined,
  roster: RosterKey,
): Promise<FoundPrevious | undefined> {
  if (presented === undefined || !isTokenShaped(presented.token)) return undefined
  const claims = readToken(engine.scope(await opened(engine), presented.transport), presented.token)
  if (claims === undefined) return undefined
  const answer = await engine.checks.limit(() => engine.store.read(claims.roster, claims.number))
  const judgement = judge(claims, answer, engine.moment())
  if (judgement.kind === 'none' && judgement.reason === 'claimed')
    return { claims, kind: 'anonymous', data: undefined }
  if (judgement.kind !== 'valid') return undefined
  const kind =
    claims.roster === roster ? 'own' : judgement.header.subject === undefined ? 'anonymous' : 'other'
  return { claims, kind, data: judgement.session.data }
}

export async function takeOver(engine: Engine, found: FoundPrevious, roster: RosterKey): Promise<TakenOver> {
  if (found.kind === 'own') return { ...NOTHING_TAKEN, replaces: found.claims.number, data: found.data }
  return found.kind === 'anonymous'
    ? await claimPrevious(engine, found.claims, roster)
    : await endPrevious(engine, found.claims)
}

async function claimPrevious(engine: Engine, claims: TokenClaims, roster: RosterKey): Promise<TakenOver> {
  const target = { roster, number: randomNumber(engine.environment) }
  const rule = claim({ number: claims.number, secretHash: claims.secretHash, target })
  const { answer } = await engine.writer.change(claims.roster, {
    scope: claims.number,
    rule,
    writeClass: engine.replicated,
    repeatable: true,
  })
  if (answer.kind === 'nothing') return NOTHING_TAKEN
  return {
    data: answer.session.data,
    number: answer.target.number,
    replaces: undefined,
    finish: () => deleteClaimed(engine, claims),
  }
}

/** The record is dead already; should this fail, its deadline clears it away. */
async function deleteClaimed(engine: Engine, { roster, number }: TokenClaims): Promise<void> {
  const deletion = engine.writer.change(roster, {
    scope: 'roster',
    rule: revoke(number, 'claimed'),
    writeClass: 'fast',
    repeatable: true,
  })
  const done = await deletion.catch(() => undefined)
  if (done !== undefined) announceEnded(engine, roster, done)
}

/** Somebody else's session in the same browser: it ends, and nothing of it crosses. */
async function endPrevious(engine: Engine, { roster, number }: TokenClaims): Promise<TakenOver> {
  const rule = revoke(number, 'replaced')
  announceEnded(
    engine,
    roster,
    await engine.writer.change(roster, {
      scope: 'roster',
      rule,
      writeClass: engine.strongest,
      repeatable: true,
    }),
  )
  return NOTHING_TAKEN
}
