/**
 * Asking about genuine claims, bringing this process's knowledge up to date where it has to be. What is asked is the
 * authority; `lookAtCopy` may be answered late, and `copies.ts` says what may rest on that.
 */
import type { Deadlines } from '../calls/deadline.ts'
import type { Engine } from '../engine.ts'
import { SystemError } from '../errors.ts'
import { type Judgement, judge } from './judge.ts'
import type { Moment } from '../rules/rule.ts'
import { authorityOf, type ReadAnswer } from '../store.ts'
import type { TokenClaims } from '../token/token.ts'

/** **Cost**: one read; two when the deployment's epoch has advanced since this process last heard of it. @throws SystemError */
export async function look(engine: Engine, claims: TokenClaims): Promise<Judgement> {
  return await lookBy(engine, claims, () => claims)
}

/** What the store says, which may be a copy. **Cost**: at most one read. @throws SystemError */
export async function lookAtCopy(engine: Engine, claims: TokenClaims): Promise<Judgement> {
  const { store, watch } = engine
  if (!watch.isFresh()) await watch.refresh()
  return judgeHere(engine, claims, await store.read(claims.roster, claims.number))
}

/** Whether a session goes on, whatever its secret is by now. **Cost**: as `look`. @throws SystemError */
export async function lookAtSession(engine: Engine, place: Place, deadlines: Deadlines): Promise<Judgement> {
  return await deadlines.limit(() => lookBy(engine, place, (answer) => ownClaims(place, answer)))
}

type Place = Pick<TokenClaims, 'roster' | 'number'>

async function lookBy(
  engine: Engine,
  { roster, number }: Place,
  claimsFor: (answer: ReadAnswer) => TokenClaims,
): Promise<Judgement> {
  const { watch } = engine
  const authority = authorityOf(engine.store)
  const ask = async (): Promise<Judgement> => {
    const answer = await authority.read(roster, number)
    return judgeHere(engine, claimsFor(answer), answer)
  }
  if (!watch.isFresh()) await watch.refresh()
  const judgement = await ask()
  if (judgement.kind !== 'unavailable' || judgement.reason !== 'deployment-behind') return judgement
  await watch.refresh()
  return await ask()
}

function ownClaims(place: Place, answer: ReadAnswer): TokenClaims {
  const record = typeof answer === 'object' ? answer.record : undefined
  return {
    ...place,
    generation: record?.generation ?? 0,
    secretHash: record?.secretHash ?? '',
    retiring: false,
  }
}

/** The decision, with what this process refuses on its own. */
export function judgeHere(
  engine: Engine,
  claims: TokenClaims,
  answer: ReadAnswer,
  moment: Moment = engine.moment(),
): Judgement {
  const judgement = judge(claims, answer, moment)
  const refusal = judgement.kind === 'valid' ? engine.refusals.covering(claims.roster, judgement) : undefined
  if (refusal === undefined) return judgement
  const isInDoubt = refusal.kind === 'everything' && refusal.belowGlobalEpoch === Number.POSITIVE_INFINITY
  return isInDoubt
    ? { kind: 'unavailable', reason: 'revocation-in-doubt' }
    : { kind: 'none', reason: 'revoked' }
}

/** The same within the budget of a check. @throws SystemError when nobody can know */
export async function lookOrThrow(
  engine: Engine,
  claims: TokenClaims,
): Promise<Exclude<Judgement, { kind: 'unavailable' }>> {
  const judgement = await engine.checks.limit(() => look(engine, claims))
  if (judgement.kind !== 'unavailable') return judgement
  throw new SystemError(
    'STORE_UNAVAILABLE',
    `The session that came with this request cannot be checked now (${judgement.reason}). Try again in a moment.`,
    { retryable: true },
  )
}
