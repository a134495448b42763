/**
 * Verification: token in, verdict out. Forged text is turned away before the store is asked; a store that answers
 * at once makes the whole check synchronous; trouble is `unavailable` and never `none`. What a copy is no ground for
 * is asked again where it is known, within the same budget.
 */
import { accept, type CheckedToken } from './acceptance.ts'
import { copiesOf, type ReadMode, restsOnCopy } from './copies.ts'
import type { Deployment } from '../deployment/deployment.ts'
import { type Engine, opened, presentedNow } from '../engine.ts'
import { SystemError } from '../errors.ts'
import type { Judgement, NoneReason } from './judge.ts'
import { judgeHere, look, lookAtCopy } from './look.ts'
import { type RecognisedToken, type RecognisedTokens, recognisedTokens } from './recognised.ts'
import type { Moment } from '../rules/rule.ts'
import { presentedBy, Session } from '../session.ts'
import { type Standing, standingOf, stands } from './standing.ts'
import type { ReadAnswer } from '../store.ts'
import { claimedSessionId, isTokenShaped, type TokenClaims, type TokenScope } from '../token/token.ts'

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
  verify(token: string, transport: string, options?: VerifyOptions): MaybePromise<Verdict<Data, Attributes>>
  /** Whether what a session was shown is still so, by the authority's word. Renews nothing and touches nothing. */
  reverify(session: Session<Data, Attributes>): Promise<Verdict<Data, Attributes>>
}

export interface VerifyOptions {
  /** Default: the manager's. What is not `bounded` is `strict`. */
  readonly mode?: ReadMode | undefined
}

const RETRY_AFTER_SECONDS = 1

export function createVerifier<Data, Attributes>(engine: Engine): Verifier<Data, Attributes> {
  type Answer = Verdict<Data, Attributes>
  const { store, watch, environment, events, settings, counts } = engine
  const { isCopying, near, sure } = copiesOf(store)
  const recognised = new Map<string, RecognisedTokens>()

  function recogniser(scope: TokenScope, transport: string): RecognisedTokens {
    const known = recognised.get(transport)
    if (known !== undefined) return known
    const fresh = recognisedTokens(scope, environment)
    recognised.set(transport, fresh)
    return fresh
  }

  function verify(
    token: string,
    transport: string,
    { mode = settings.mode }: VerifyOptions = {},
  ): MaybePromise<Answer> {
    const mayBeCopy = isCopying && mode === 'bounded'
    if (typeof token !== 'string' || token === '') return counted('absent')
    const deployment = watch.current
    if (deployment === undefined || engine.isClosed())
      return isTokenShaped(token)
        ? afterOpening(token, transport, mayBeCopy)
        : rejected('malformed', transport)
    const check = recognise(deployment, token, transport)
    if (typeof check === 'string') return rejected(check, transport)
    if (!watch.isFresh()) return ask(check, mayBeCopy)
    const { claims, standing } = check.recognised
    const source = mayBeCopy ? near : sure
    const answer = source === undefined ? 'ask' : source.peek(claims.roster, claims.number, standing?.answer)
    if (answer === 'ask') return ask(check, mayBeCopy)
    const moment = engine.moment()
    return standing !== undefined && standing.answer === answer && isUnchanged(standing, moment)
      ? asBefore(check, standing, moment.now)
      : judged(check, answer, { moment, mayBeCopy })
  }

  async function ask(check: Recognised, mayBeCopy: boolean): Promise<Answer> {
    return await limited(() => asked(check, mayBeCopy))
  }

  async function asked(check: Recognised, mayBeCopy: boolean): Promise<Answer> {
    if (mayBeCopy) {
      const judgement = await lookAtCopy(engine, check.claims)
      if (restsOnCopy(judgement, check.recognised)) return conclude(check, judgement)
    }
    const judgement = await look(engine, check.claims)
    check.recognised.isUnknown = judgement.kind === 'none' && judgement.reason === 'unknown'
    return conclude(check, judgement)
  }

  function judged(
    check: Recognised,
    answer: ReadAnswer,
    { moment, mayBeCopy }: { readonly moment: Moment; readonly mayBeCopy: boolean },
  ): MaybePromise<Answer> {
    const judgement = judgeHere(engine, check.claims, answer, moment)
    if (judgement.kind === 'unavailable' || (mayBeCopy && !restsOnCopy(judgement, check.recognised)))
      return ask(check, false)
    check.recognised.standing = standingOf(answer, judgement, { claims: check.claims, moment })
    return conclude(check, judgement, moment.now)
  }

  function isUnchanged(standing: Standing, moment: Moment): boolean {
    return stands(standing, moment) && engine.refusals.isEmpty
  }

  function asBefore(
    { claims, token, transport }: Recognised,
    { answer }: Standing,
    checkedAt: number,
  ): Answer {
    const { header, record } = answer
    counts.valid++
    const presented = { roster: claims.roster, header, record, token, transport, settings, checkedAt }
    return { kind: 'valid', session: new Session<Data, Attributes>(presented), renewed: undefined }
  }

  async function afterOpening(token: string, transport: string, mayBeCopy: boolean): Promise<Answer> {
    return await limited(async () => {
      const check = recognise(await opened(engine), token, transport)
      return typeof check === 'string' ? rejected(check, transport) : await asked(check, mayBeCopy)
    })
  }

  async function reverify(session: Session<Data, Attributes>): Promise<Answer> {
    const { roster, record, token, transport } = presentedBy(session)
    const { number, generation, secretHash, grace } = record
    const claims = { roster, number, generation, secretHash, retiring: false }
    return await limited(async () => {
      await opened(engine)
      const judgement = await look(engine, claims)
      if (judgement.kind !== 'valid') return refused(claims, judgement)
      const { header, session: live, by } = judgement
      // Another request may have given the session a new secret; this one still holds the one it came with.
      const held = by === 'present' ? live : { ...live, generation, secretHash, grace }
      const now = presentedNow(engine, { roster, header, record: held, token, transport })
      return { kind: 'valid', session: new Session<Data, Attributes>(now), renewed: undefined }
    })
  }

  function recognise(
    deployment: Deployment,
    token: string,
    transport: string,
  ): Recognised | 'malformed' | 'forged' {
    const scope = engine.scope(deployment, transport)
    const known = recogniser(scope, transport).read(token)
    return typeof known === 'string'
      ? known
      : { recognised: known, claims: known.claims, token, transport, scope }
  }

  /** One budget for everything that has to be asked, however many calls it takes. */
  async function limited(check: () => Promise<Answer>): Promise<Answer> {
    try {
      return await engine.checks.limit(check)
    } catch (error) {
      return unavailable(error instanceof SystemError ? error.code : 'STORE_UNAVAILABLE')
    }
  }

  function conclude(check: Recognised, judgement: Judgement, now: number = environment.now()): Answer {
    if (judgement.kind === 'valid') {
      const { presented, renewed } = accept(engine, check, { ...judgement, now })
      counts.valid++
      engine.active.add(check.claims.number)
      return { kind: 'valid', session: new Session<Data, Attributes>(presented), renewed }
    }
    return refused(check.claims, judgement, now)
  }

  function refused(
    claims: TokenClaims,
    judgement: Exclude<Judgement, { kind: 'valid' }>,
    now: number = environment.now(),
  ): Answer {
    if (judgement.kind === 'unavailable') return unavailable(judgement.reason)
    const isLongAgo = judgement.claimEndsAt !== undefined && now >= judgement.claimEndsAt
    return ended(claims, isLongAgo ? 'unknown' : judgement.reason)
  }

  function rejected(reason: 'malformed' | 'forged', transport: string): Answer {
    events.emit('token.rejected', { reason, transport })
    return none(reason)
  }

  function ended(claims: TokenClaims, reason: NoneReason): Answer {
    const id = claimedSessionId(claims)
    if (reason === 'damaged') events.emit('record.unreadable', { sessionId: id, why: 'damaged' })
    else events.emit('session.used-after-end', { sessionId: id, reason })
    return counted(reason)
  }

  /** What is rejected before that is counted by its event. */
  function counted(reason: NoneReason): Answer {
    counts.none.add(reason)
    return none(reason)
  }

  function none(reason: NoneReason): Answer {
    return { kind: 'none', reason }
  }

  function unavailable(code: string): Answer {
    counts.unavailable.add(code)
    events.emit('store.unavailable', { code })
    return { kind: 'unavailable', retryAfter: RETRY_AFTER_SECONDS, code }
  }

  return { verify, reverify }
}

interface Recognised extends CheckedToken {
  readonly recognised: RecognisedToken
}
