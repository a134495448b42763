/**
 * How sessions end by decision. A revocation resolves only when the store has confirmed it in the strongest
 * class it offers; otherwise the session is refused here at once, the caller gets `RevokeUncertain`, and the
 * revocation is driven on until it is confirmed (`in-doubt.ts`).
 *
 * What is to end is observed first and does not move afterwards: a revocation that is driven on for an hour ends
 * what was there when it was asked for, last if it was asked for again, and not the sign-ins that came since.
 */
import { regenerate, type RenewResult } from '../changing/changes.ts'
import { announceEnded, type Engine, opened, presentedNow, rosterNow, rosterOf } from '../engine.ts'
import { InputError, RevokeUncertain } from '../errors.ts'
import { parseSessionId, randomIncarnation, type RosterKey, sessionId } from '../ids.ts'
import { EVERYTHING } from './pending.ts'
import type { PresentedToken } from '../beginning/previous.ts'
import type { Observed, Revocation, Try } from './in-doubt.ts'
import type { RosterRefusal } from './refusals.ts'
import type { EndReason } from '../roster.ts'
import {
  type EndTarget,
  erase,
  joinedTargets,
  type RevokedOthers,
  revokeAll as revokeAllRule,
  revokeAllBut,
  revokeHeld,
  revoke as revokeRule,
} from '../rules/end.ts'
import { assertOwner, inRealm, liveSession, ofSubject, type Rule } from '../rules/rule.ts'
import { presentedBy, Session } from '../session.ts'
import { isTokenShaped, readToken, type TokenClaims } from '../token/token.ts'
import { loadRoster } from '../writing/loading.ts'
import type { Changed } from '../writing/writer.ts'

/** Ends one session; false when it was over already, or is not of this realm. */
export async function revokeSession(engine: Engine, id: string, why: EndReason): Promise<boolean> {
  const parsed = typeof id === 'string' ? parseSessionId(id) : undefined
  await opened(engine)
  if (parsed === undefined) return false
  const { answer } = await endOne(engine, parsed, revokeRule(parsed.number, why))
  return answer !== undefined
}

/** Ends the session behind a genuine token, also when the store cannot say whether it is still the present one. */
export async function signOutHolder(engine: Engine, { token, transport }: PresentedToken): Promise<void> {
  const claims = isTokenShaped(token)
    ? readToken(engine.scope(await opened(engine), transport), token)
    : undefined
  if (claims === undefined) return
  await endOne(engine, claims, revokeHeld(claims.number, claims.secretHash, 'signed-out'))
}

/** How many other sessions ended; `undefined` when `session` itself is over. */
export async function revokeOthers<Data, Attributes>(
  engine: Engine,
  session: Session<Data, Attributes>,
): Promise<number | undefined> {
  if (session.subject === undefined) return await othersOfVisitor(engine, session)
  const answer = await endAllBut(engine, session, { why: 'revoked-others', newPrivilege: false })
  return answer.kept === undefined ? undefined : answer.others
}

/** A visitor has no other sessions. */
async function othersOfVisitor<Data, Attributes>(
  engine: Engine,
  session: Session<Data, Attributes>,
): Promise<0 | undefined> {
  const { roster, record } = presentedBy(session)
  const found = await rosterNow(engine, roster, record.number)
  return liveSession(found, record.number, engine.moment()) === undefined ? undefined : 0
}

/** One write of constant size; covers sign-ins and elevations in flight. Answers how many live sessions there were. */
export async function revokeAll(engine: Engine, subject: string, why: EndReason): Promise<number> {
  const { sessions } = await endAll(engine, subject, revokeAllRule)
  engine.events.emit('subject.revoked', { subject, reason: why })
  return sessions
}

/** Ends all sessions and removes what the store knows of the subject. */
export async function eraseSubject(engine: Engine, subject: string): Promise<void> {
  await endAll(engine, subject, erase)
  engine.events.emit('subject.revoked', { subject, reason: 'erased' })
}

/** Ends all sessions of the subject but `keep`, which gets a new secret; sign-ins in flight with the old credential fail. */
export async function keepOnly<Data, Attributes>(
  engine: Engine,
  keep: Session<Data, Attributes>,
  subject: string,
): Promise<RenewResult<Data, Attributes>> {
  if (keep.subject !== subject) {
    throw new InputError(
      'SUBJECT_INVALID',
      'The session in `keep` belongs to another subject than the one whose credential changed.',
    )
  }
  const { kept, header } = await endAllBut(engine, keep, { why: 'credential-changed', newPrivilege: true })
  engine.events.emit('subject.revoked', { subject, reason: 'credential-changed' })
  if (kept === undefined || header === undefined) return { kind: 'ended' }
  const { roster, token, transport, record } = presentedBy(keep)
  if (kept.generation !== record.generation) return { kind: 'superseded' }
  const session = new Session<Data, Attributes>(
    presentedNow(engine, { roster, header, record: kept, token, transport }),
  )
  return await regenerate(engine, session, { because: 'privilege' })
}

/** Ends everything there is: for this manager at once, elsewhere within the staleness bound. */
export async function revokeEverything(engine: Engine): Promise<void> {
  await opened(engine)
  const { answer } = await confirmed<number, number>(engine, {
    key: EVERYTHING,
    about: EVERYTHING,
    observe: (how) => engine.watch.next(how),
    joined: (older, newer) => Math.max(older, newer),
    refusal: (target) => ({ kind: 'everything', belowGlobalEpoch: target ?? Number.POSITIVE_INFINITY }),
    async run(target, how) {
      const { globalEpoch } = await engine.watch.raise(target, how)
      return { answer: globalEpoch, outcome: 'committed', ended: [], header: undefined }
    },
  })
  engine.events.emit('deployment.revoked', { globalEpoch: answer })
}

async function endOne<Answer>(
  engine: Engine,
  of: Pick<TokenClaims, 'roster' | 'number'> & Partial<Pick<TokenClaims, 'secretHash' | 'generation'>>,
  rule: Rule<Answer | undefined>,
): Promise<Changed<Answer | undefined>> {
  const { roster, number, secretHash, generation } = of
  const id = sessionId(roster, number)
  const write = writing(engine, roster, inRealm(engine.settings.realm, rule))
  return await confirmed<true, Answer | undefined>(engine, {
    key: generation === undefined ? id : `${id} generation ${generation}`,
    about: roster,
    observe: () => Promise.resolve(true),
    joined: (older) => older,
    refusal: () => ({ kind: 'session', roster, number, ...(secretHash === undefined ? {} : { secretHash }) }),
    run: (_, how) => write(how),
  })
}

async function endAll<Answer>(
  engine: Engine,
  subject: string,
  rule: (target: EndTarget) => Rule<Answer>,
): Promise<Answer> {
  const roster = await rosterOf(engine, subject)
  const owner = { realm: engine.settings.realm, subject }
  const { answer } = await confirmed<EndTarget, Answer>(engine, {
    key: `all ${rule.name} ${roster}`,
    about: roster,
    observe: ({ urgent }) => endTarget(engine, { roster, subject, urgent }),
    joined: joinedTargets,
    refusal: (target) => ({ kind: 'roster', roster, ...refused(target) }),
    run: (target, how) => writing(engine, roster, ofSubject(owner, rule(target)))(how),
  })
  return answer
}

async function endAllBut<Data, Attributes>(
  engine: Engine,
  session: Session<Data, Attributes>,
  options: { readonly why: EndReason; readonly newPrivilege: boolean },
): Promise<RevokedOthers> {
  await opened(engine)
  const { roster, record, header } = presentedBy(session)
  const keep = record.number
  const { answer } = await confirmed<EndTarget, RevokedOthers>(engine, {
    key: `all but ${keep} ${options.why} ${roster}`,
    about: roster,
    observe: ({ urgent }) => endTarget(engine, { roster, subject: header.subject ?? '', urgent }),
    joined: joinedTargets,
    refusal: (target) => ({ kind: 'roster', roster, ...refused(target), except: keep }),
    run: (target, how) => writing(engine, roster, revokeAllBut({ ...options, keep }, target))(how),
  })
  return answer
}

function refused(target: EndTarget | undefined): Pick<RosterRefusal, 'belowEpoch' | 'numbers'> {
  if (target === undefined) return { belowEpoch: Number.POSITIVE_INFINITY }
  return { belowEpoch: target.epoch, numbers: target.numbers }
}

/** What is there now, to be ended. **Cost**: one read. */
async function endTarget(
  engine: Engine,
  of: { readonly roster: RosterKey; readonly subject: string; readonly urgent: boolean },
): Promise<EndTarget> {
  const { store, checks, environment, settings } = engine
  const { subject, urgent } = of
  const { realm } = settings
  const found = await loadRoster({ store, deadlines: checks, urgent }, of.roster, 'roster')
  assertOwner({ realm, subject }, found?.header)
  return {
    realm,
    subject,
    epoch: (found?.header.epoch ?? 0) + 1,
    incarnation: found?.header.incarnation,
    fresh: randomIncarnation(environment),
    numbers: [...(found?.sessions.keys() ?? [])],
  }
}

/** @throws RevokeUncertain; SystemError `OVERLOADED` when it is neither confirmed nor driven on */
async function confirmed<Target, Answer>(
  { inDoubt }: Engine,
  revocation: Revocation<Target, Answer>,
): Promise<Changed<Answer>> {
  let observed: Observed<Target> | undefined
  let cause: unknown
  try {
    observed = { target: await revocation.observe({ urgent: false }) }
    const changed = await revocation.run(observed.target, { urgent: false })
    if (changed.outcome !== 'uncertain') return changed
  } catch (error) {
    if (error instanceof InputError) throw error
    cause = error
  }
  throw new RevokeUncertain(inDoubt.driveOn(revocation, observed), cause)
}

function writing<Answer>(
  engine: Engine,
  roster: RosterKey,
  rule: Rule<Answer>,
): (how: Try) => Promise<Changed<Answer>> {
  const confirm = { realm: engine.settings.realm }
  return async ({ urgent }) => {
    const changed = await engine.writer.change(roster, {
      scope: 'roster',
      rule,
      writeClass: engine.strongest,
      repeatable: true,
      // Whatever ended before may have ended here alone: somebody else's revocation is driven on, or was given up.
      confirm: engine.strongest === 'fast' && !urgent ? undefined : confirm,
      urgent,
    })
    announceEnded(engine, roster, changed)
    return changed
  }
}
