/**
 * Verification: token in, verdict out. Forged text is turned away before the store is asked; a store that answers
 * at once makes the whole check synchronous; trouble is `unavailable` and never `none`.
 */
import { basisOf, type Presented, Session } from './session.ts'
import type { Deployment } from './deployment.ts'
import { type Engine, opened, presentedNow } from './engine.ts'
import { SystemError } from './errors.ts'
import { sessionId } from './ids.ts'
import type { Judgement, NoneReason } from './judge.ts'
import { judgeHere, look } from './look.ts'
import { isTouchDue } from './lifetimes.ts'
import { type RecognisedTokens, recognisedTokens } from './recognised.ts'
import { endGrace, touch } from './rules/change.ts'
import { readsSynchronously } from './store.ts'
import { openSuccessor } from './token/seal.ts'
import {
  claimedSessionId,
  isTokenShaped,
  resignToken,
  secretOf,
  type TokenClaims,
  type TokenScope,
  writeToken,
} from './token/token.ts'

/** What a check says. There is no fourth answer, and none of the three is an error. */
export type Verdict<Data, Attributes> =
  | {
      readonly kind: 'valid'
      readonly session: Session<Data, Attributes>
      /** A token to hand to the client in place of the one it presented. */
      readonly renewed: string | undefined
    }
  | { readonly kind: 'none'; readonly reason: NoneReason }
  | {
      /** The store cannot be asked now. Answer 503, keep the cookie. */
      readonly kind: 'unavailable'
      /** Seconds. */
      readonly retryAfter: number
      readonly code: string
    }

export type MaybePromise<T> = T | Promise<T>

export interface Verifier<Data, Attributes> {
  verify(token: string, transport: string): MaybePromise<Verdict<Data, Attributes>>
}

const RETRY_AFTER_SECONDS = 1

export function createVerifier<Data, Attributes>(engine: Engine): Verifier<Data, Attributes> {
  type Answer = Verdict<Data, Attributes>
  const { store, watch, events, settings } = engine
  const synchronous = readsSynchronously(store) ? store : undefined
  const recognised = new Map<string, RecognisedTokens>()

  function recogniser(scope: TokenScope, transport: string): RecognisedTokens {
    const known = recognised.get(transport)
    if (known !== undefined) return known
    const fresh = recognisedTokens(scope)
    recognised.set(transport, fresh)
    return fresh
  }

  function verify(token: string, transport: string): MaybePromise<Answer> {
    if (typeof token !== 'string' || token === '') return none('absent')
    if (!isTokenShaped(token)) return rejected('malformed', transport)
    const deployment = watch.current
    if (deployment === undefined || engine.isClosed()) return afterOpening(token, transport)
    const check = recognise(deployment, token, transport)
    if (check === undefined) return rejected('forged', transport)
    const judgement = watch.isFresh() ? judgeAtOnce(check.claims) : undefined
    return judgement === undefined
      ? limited(async () => conclude(check, await look(engine, check.claims)))
      : conclude(check, judgement)
  }

  /** `undefined`: the store has to be asked. */
  function judgeAtOnce(claims: TokenClaims): Judgement | undefined {
    const answer = synchronous === undefined ? 'ask' : synchronous.peek(claims.roster, claims.number)
    const judgement = answer === 'ask' ? undefined : judgeHere(engine, claims, answer)
    return judgement?.kind === 'unavailable' ? undefined : judgement
  }

  async function afterOpening(token: string, transport: string): Promise<Answer> {
    return await limited(async () => {
      const check = recognise(await opened(engine), token, transport)
      return check === undefined
        ? rejected('forged', transport)
        : conclude(check, await look(engine, check.claims))
    })
  }

  function recognise(deployment: Deployment, token: string, transport: string): CheckedToken | undefined {
    const scope = engine.scope(deployment, transport)
    const claims = recogniser(scope, transport).read(token)
    return claims === undefined ? undefined : { claims, token, transport, scope }
  }

  /** One budget for everything that has to be asked, however many calls it takes. */
  async function limited(check: () => Promise<Answer>): Promise<Answer> {
    try {
      return await engine.checks.limit(check)
    } catch (error) {
      return unavailable(error instanceof SystemError ? error.code : 'STORE_UNAVAILABLE')
    }
  }

  function conclude(check: CheckedToken, judgement: Judgement): Answer {
    if (judgement.kind === 'valid') return accepted(check, judgement)
    if (judgement.kind === 'unavailable') return unavailable(judgement.reason)
    const isLongAgo = judgement.claimEndsAt !== undefined && engine.environment.now() >= judgement.claimEndsAt
    return ended(check.claims, isLongAgo ? 'unknown' : judgement.reason)
  }

  function accepted(
    check: CheckedToken,
    { header, session: record, by }: Judgement & { kind: 'valid' },
  ): Answer {
    const { claims, token, scope, transport } = check
    const renewed =
      by === 'previous' ? successorOf(check, record) : claims.retiring ? resignToken(scope, token) : undefined
    const presented = presentedNow(engine, {
      roster: claims.roster,
      header,
      record,
      token: renewed ?? token,
      transport,
    })
    if (by === 'present' && record.grace !== undefined) settleGrace(presented)
    if (isTouchDue(record, presented.checkedAt, settings.lifetimes)) scheduleTouch(presented)
    return { kind: 'valid', session: new Session<Data, Attributes>(presented), renewed }
  }

  function successorOf(
    { claims, token, scope }: CheckedToken,
    session: Presented['record'],
  ): string | undefined {
    const id = claimedSessionId(claims)
    const place = { session: id, generation: session.generation, presented: secretOf(token) }
    const secret =
      session.grace === undefined ? undefined : openSuccessor(settings.ring, session.grace.sealed, place)
    return secret === undefined ? undefined : writeToken(scope, id, session.generation, secret)
  }

  function scheduleTouch(presented: Presented): void {
    const { roster, record, checkedAt } = presented
    engine.chores.add(`touch ${sessionId(roster, record.number)}`, () =>
      engine.writer.change(roster, {
        scope: record.number,
        rule: touch(basisOf(presented), checkedAt),
        writeClass: 'fast',
        repeatable: true,
        once: true,
      }),
    )
  }

  function settleGrace(presented: Presented): void {
    const { roster, record } = presented
    engine.chores.add(`grace ${sessionId(roster, record.number)}`, () =>
      engine.writer.change(roster, {
        scope: record.number,
        rule: endGrace(basisOf(presented)),
        writeClass: engine.replicated,
        repeatable: true,
      }),
    )
  }

  function rejected(reason: 'malformed' | 'forged', transport: string): Answer {
    events.emit('token.rejected', { reason, transport })
    return none(reason)
  }

  function ended(claims: TokenClaims, reason: NoneReason): Answer {
    const id = claimedSessionId(claims)
    if (reason === 'damaged') events.emit('record.unreadable', { sessionId: id, why: 'damaged' })
    else events.emit('session.used-after-end', { sessionId: id, reason })
    return none(reason)
  }

  function none(reason: NoneReason): Answer {
    return { kind: 'none', reason }
  }

  function unavailable(code: string): Answer {
    events.emit('store.unavailable', { code })
    return { kind: 'unavailable', retryAfter: RETRY_AFTER_SECONDS, code }
  }

  return { verify }
}

interface CheckedToken {
  readonly claims: TokenClaims
  readonly token: string
  readonly transport: string
  readonly scope: TokenScope
}
