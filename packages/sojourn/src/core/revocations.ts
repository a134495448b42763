/**
 * How sessions end by decision. A revocation resolves only when the store has confirmed it in the strongest
 * class it offers; otherwise the session is refused here at once, the caller gets `RevokeUncertain`, and the
 * revocation is driven on until it is confirmed.
 *
 * What is to end is observed first and does not move afterwards: a revocation that is driven on for an hour ends
 * what was there when it was asked for, and not the sign-ins that came since.
 */
import { regenerate, type RenewResult } from './changes.ts'
import { announceEnded, type Engine, opened, presentedNow, rosterOf } from './engine.ts'
import { InputError, newerFormat, RevokeUncertain } from './errors.ts'
import { parseSessionId, randomIncarnation, type RosterKey } from './ids.ts'
import type { PresentedToken } from './previous.ts'
import type { Refusal } from './refusals.ts'
import type { EndReason } from './roster.ts'
import {
  type EndTarget,
  erase,
  type RevokedOthers,
  revokeAll as revokeAllRule,
  revokeAllBut,
  revokeHeld,
  revoke as revokeRule,
} from './rules/end.ts'
import { assertOwner, inRealm, ofSubject, type Rule } from './rules/rule.ts'
import { presentedBy, Session } from './session.ts'
import { claimedSessionId, isTokenShaped, readToken } from './token/token.ts'
import type { Changed } from './writer.ts'

/** Ends one session; false when it was over already, or is not of this realm. */
export async function revokeSession(engine: Engine, id: string, why: EndReason): Promise<boolean> {
  const parsed = typeof id === 'string' ? parseSessionId(id) : undefined
  await opened(engine)
  if (parsed === undefined) return false
  const { roster, number } = parsed
  const rule = inRealm(engine.settings.realm, revokeRule(number, why))
  const run = writing(engine, roster, rule)
  const { answer } = await confirmed(engine, { refusal: { kind: 'session', roster, number }, of: id, run })
  return answer !== undefined
}

/** Ends the session behind a genuine token, also when the store cannot say whether it is still the present one. */
export async function signOutHolder(engine: Engine, { token, transport }: PresentedToken): Promise<void> {
  const claims = isTokenShaped(token)
    ? readToken(engine.scope(await opened(engine), transport), token)
    : undefined
  if (claims === undefined) return
  const { roster, number, secretHash } = claims
  const rule = inRealm(engine.settings.realm, revokeHeld(number, secretHash, 'signed-out'))
  const run = writing(engine, roster, rule)
  await confirmed(engine, { refusal: { kind: 'session', roster, number }, of: claimedSessionId(claims), run })
}

/** How many other sessions ended; `undefined` when `session` itself is over. */
export async function revokeOthers<Data, Attributes>(
  engine: Engine,
  session: Session<Data, Attributes>,
): Promise<number | undefined> {
  const answer = await endAllBut(engine, session, { why: 'revoked-others', newPrivilege: false })
  return answer.kept === undefined ? undefined : answer.others
}

/** One write of constant size; covers sign-ins and elevations in flight. */
export async function revokeAll(engine: Engine, subject: string, why: EndReason): Promise<void> {
  await endAll(engine, subject, revokeAllRule)
  engine.events.emit('subject.revoked', { subject, reason: why })
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
  if (keep.subject !== subject)
    throw new InputError(
      'SUBJECT_INVALID',
      'The session in `keep` belongs to another subject than the one whose credential changed.',
    )
  const { kept, header } = await endAllBut(engine, keep, { why: 'credential-changed', newPrivilege: true })
  engine.events.emit('subject.revoked', { subject, reason: 'credential-changed' })
  if (kept === undefined) return { kind: 'ended' }
  const { roster, token, transport, record } = presentedBy(keep)
  if (kept.generation !== record.generation) return { kind: 'superseded' }
  const session = new Session<Data, Attributes>(
    presentedNow(engine, { roster, header, record: kept, token, transport }),
  )
  return await regenerate(engine, session, { grace: false })
}

/** Ends everything there is: for this manager at once, elsewhere within the staleness bound. */
export async function revokeEverything(engine: Engine): Promise<void> {
  await opened(engine)
  const target = await observed(() => engine.watch.next())
  const run = async (): Promise<Changed<number>> => {
    const { globalEpoch } = await engine.watch.raise(await target())
    return { answer: globalEpoch, outcome: 'committed', ended: [], header: undefined }
  }
  const refusal = async (): Promise<Refusal> => ({ kind: 'everything', belowGlobalEpoch: await target() })
  const { answer } = await confirmed(engine, { refusal, of: 'everything', run })
  engine.events.emit('deployment.revoked', { globalEpoch: answer })
}

type TargetedRule<Answer> = (target: EndTarget) => Rule<Answer>

async function endAll<Answer>(engine: Engine, subject: string, rule: TargetedRule<Answer>): Promise<void> {
  const roster = await rosterOf(engine, subject)
  const target = await observed(() => endTarget(engine, roster, subject))
  const refusal = async (): Promise<Refusal> => ({
    kind: 'roster',
    roster,
    belowEpoch: (await target()).epoch,
  })
  const run = async (again: boolean): Promise<Changed<Answer>> =>
    await writing(
      engine,
      roster,
      ofSubject({ realm: engine.settings.realm, subject }, rule(await target())),
    )(again)
  await confirmed(engine, { refusal, of: 'subject', run })
}

async function endAllBut<Data, Attributes>(
  engine: Engine,
  session: Session<Data, Attributes>,
  options: { readonly why: EndReason; readonly newPrivilege: boolean },
): Promise<RevokedOthers> {
  await opened(engine)
  const { roster, record, header } = presentedBy(session)
  const keep = record.number
  const target = await observed(() => endTarget(engine, roster, header.subject ?? ''))
  const refusal = async (): Promise<Refusal> => ({
    kind: 'roster',
    roster,
    belowEpoch: (await target()).epoch,
    except: keep,
  })
  const run = async (again: boolean): Promise<Changed<RevokedOthers>> =>
    await writing(engine, roster, revokeAllBut({ ...options, keep }, await target()))(again)
  return (await confirmed(engine, { refusal, of: 'subject', run })).answer
}

/** What is there now, to be ended. **Cost**: one read. */
async function endTarget(engine: Engine, roster: RosterKey, subject: string): Promise<EndTarget> {
  const { realm } = engine.settings
  const found = await engine.checks.limit(() => engine.store.list(roster))
  if (found === 'newer') throw newerFormat()
  if (found === undefined || found === 'damaged') {
    return { realm, subject, epoch: 1, incarnation: randomIncarnation(engine.environment), numbers: [] }
  }
  const { header, records } = found
  assertOwner({ realm, subject }, header)
  return {
    realm,
    subject,
    epoch: header.epoch + 1,
    incarnation: header.incarnation,
    numbers: records.map(({ number }) => number),
  }
}

/** Observes once, now if it can be done, else when the answer is first needed; the first success stands. */
async function observed<T>(observe: () => Promise<T>): Promise<() => Promise<T>> {
  let seen: { readonly value: T } | undefined
  const answer = async (): Promise<T> => {
    seen ??= { value: await observe() }
    return seen.value
  }
  await answer().catch(() => undefined)
  return answer
}

interface Revocation<Answer> {
  readonly refusal: Refusal | (() => Promise<Refusal>)
  /** For events and logs. */
  readonly of: string
  readonly run: (again: boolean) => Promise<Changed<Answer>>
}

/** @throws RevokeUncertain */
async function confirmed<Answer>(engine: Engine, revocation: Revocation<Answer>): Promise<Changed<Answer>> {
  const outcome = await attempt(revocation, false)
  if ('done' in outcome) return outcome.done
  if (outcome.failed instanceof InputError) throw outcome.failed
  const lift = await refuse(engine, revocation)
  engine.events.emit('revoke.uncertain', { of: revocation.of })
  throw new RevokeUncertain(complete(engine, revocation, lift), outcome.failed)
}

async function attempt<Answer>(
  revocation: Revocation<Answer>,
  again: boolean,
): Promise<{ done: Changed<Answer> } | { failed: unknown }> {
  try {
    const done = await revocation.run(again)
    return done.outcome === 'uncertain' ? { failed: undefined } : { done }
  } catch (failed) {
    return { failed }
  }
}

/** Where not even the observation succeeds, nothing can be read either, so nothing can be accepted meanwhile. */
async function refuse<Answer>(engine: Engine, { refusal }: Revocation<Answer>): Promise<() => void> {
  if (typeof refusal !== 'function') return engine.refusals.add(refusal)
  const known = await refusal().catch(() => undefined)
  return engine.refusals.add(known ?? { kind: 'everything', belowGlobalEpoch: Number.POSITIVE_INFINITY })
}

async function complete<Answer>(
  engine: Engine,
  revocation: Revocation<Answer>,
  lift: () => void,
): Promise<void> {
  await drive(engine, revocation)
  lift()
  engine.events.emit('revoke.completed', { of: revocation.of })
}

const SHORTEST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 30_000

/** Tries until it succeeds; after `close` once more, and then it stays open and is said so. */
async function drive<Answer>(engine: Engine, revocation: Revocation<Answer>): Promise<void> {
  for (let tries = 0; ; tries++) {
    const pause = Math.min(SHORTEST_PAUSE_MS * 2 ** tries, LONGEST_PAUSE_MS)
    await new Promise<void>((resolve) =>
      engine.environment.after(Math.ceil(pause * (0.5 + engine.environment.jitter() / 2)), resolve),
    )
    const isLast = engine.isClosed()
    if ('done' in (await attempt(revocation, true))) return
    if (isLast) return await neverConfirmed(engine, revocation.of)
  }
}

async function neverConfirmed(engine: Engine, of: string): Promise<never> {
  engine.environment.log({
    level: 'error',
    message: 'A revocation was not confirmed before these sessions were closed. Repeat it.',
    fields: { of },
  })
  return await new Promise<never>(() => undefined)
}

function writing<Answer>(engine: Engine, roster: RosterKey, rule: Rule<Answer>): Revocation<Answer>['run'] {
  const confirm = { realm: engine.settings.realm, incarnation: randomIncarnation(engine.environment) }
  return async (again) => {
    const request = {
      scope: 'roster' as const,
      rule,
      writeClass: engine.strongest,
      repeatable: true,
      confirm: again ? confirm : undefined,
    }
    const changed = await engine.writer.change(roster, request)
    announceEnded(engine, roster, changed)
    return changed
  }
}
