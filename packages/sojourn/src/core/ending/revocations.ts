/**
 * How sessions end by decision. A revocation resolves only when the store has confirmed it in the strongest
 * class it offers; otherwise the session is refused here at once, the caller gets `RevokeUncertain`, and the
 * revocation is driven on until it is confirmed (`pending.ts`).
 *
 * What is to end is observed first and does not move afterwards: a revocation that is driven on for an hour ends
 * what was there when it was asked for, and not the sign-ins that came since.
 */
import { regenerate, type RenewResult } from '../changing/changes.ts'
import { announceEnded, type Engine, opened, presentedNow, rosterNow, rosterOf } from '../engine.ts'
import { InputError, RevokeUncertain } from '../errors.ts'
import { parseSessionId, randomCommitId, randomIncarnation, type RosterKey, sessionId } from '../ids.ts'
import { EVERYTHING } from './pending.ts'
import type { PresentedToken } from '../beginning/previous.ts'
import type { Refusal } from './refusals.ts'
import type { EndReason } from '../roster.ts'
import {
  type EndTarget,
  erase,
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
    key: (target) => `${EVERYTHING} below ${target}`,
    about: EVERYTHING,
    observe: (how) => engine.watch.next(how),
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
  return await confirmed(engine, {
    key: () => (generation === undefined ? id : `${id} generation ${generation}`),
    about: roster,
    observe: () => Promise.resolve(true),
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
    key: (target) => `all ${rule.name} ${placeOf(roster, target)}`,
    about: roster,
    observe: ({ urgent }) => endTarget(engine, { roster, subject, urgent }),
    refusal: (target) => ({ kind: 'roster', roster, belowEpoch: target?.epoch ?? Number.POSITIVE_INFINITY }),
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
    key: (target) => `all but ${keep} ${options.why} ${placeOf(roster, target)}`,
    about: roster,
    observe: ({ urgent }) => endTarget(engine, { roster, subject: header.subject ?? '', urgent }),
    refusal: (target) => ({
      kind: 'roster',
      roster,
      belowEpoch: target?.epoch ?? Number.POSITIVE_INFINITY,
      except: keep,
    }),
    run: (target, how) => writing(engine, roster, revokeAllBut({ ...options, keep }, target))(how),
  })
  return answer
}

/** What is there now, to be ended. **Cost**: one read. */
async function endTarget(
  engine: Engine,
  of: { readonly roster: RosterKey; readonly subject: string; readonly urgent: boolean },
): Promise<EndTarget> {
  const { store, checks, environment, settings } = engine
  const { subject, urgent } = of
  const { realm } = settings
  const fresh = randomIncarnation(environment)
  const found = await loadRoster({ store, deadlines: checks, urgent }, of.roster, 'roster')
  if (found === undefined) return { realm, subject, epoch: 1, incarnation: undefined, fresh, numbers: [] }
  const { header, sessions } = found
  assertOwner({ realm, subject }, header)
  const numbers = [...sessions.keys()]
  return { realm, subject, epoch: header.epoch + 1, incarnation: header.incarnation, fresh, numbers }
}

interface Revocation<Target, Answer> {
  /** What is to end, for joining drives and logs: public handles only. What came since another target was observed is not in that one. */
  readonly key: (target: Target) => string
  /** The roster it concerns, or everything. */
  readonly about: string
  /** Made once; the first that succeeds stands. */
  readonly observe: (how: Try) => Promise<Target>
  /** What is refused here meanwhile; wider while nothing could be observed. */
  readonly refusal: (target: Target | undefined) => Refusal
  readonly run: (target: Target, how: Try) => Promise<Changed<Answer>>
}

interface Try {
  /** One that is driven on: made whatever the breakers say, and written also when there is nothing left to end. */
  readonly urgent: boolean
}

/** @throws RevokeUncertain; SystemError `OVERLOADED` when it is neither confirmed nor driven on */
async function confirmed<Target, Answer>(
  engine: Engine,
  revocation: Revocation<Target, Answer>,
): Promise<Changed<Answer>> {
  let observed: { readonly target: Target } | undefined
  const attempt = async (how: Try): Promise<Changed<Answer>> => {
    observed ??= { target: await revocation.observe(how) }
    return await revocation.run(observed.target, how)
  }
  const first = await settled(() => attempt({ urgent: false }))
  if ('done' in first) return first.done
  if (first.failed instanceof InputError) throw first.failed
  let lift = (): void => undefined
  let narrow = observed !== undefined
  const completed = engine.pending.drive({
    key: observed === undefined ? unobserved(engine, revocation.about) : revocation.key(observed.target),
    about: revocation.about,
    holdsSignIns: true,
    async attempt() {
      const next = await settled(() => attempt({ urgent: true }))
      if (!narrow && observed !== undefined) {
        narrow = true
        lift()
        lift = engine.refusals.add(revocation.refusal(observed.target))
      }
      if (!('done' in next)) return false
      lift()
      engine.events.emit('revoke.completed', { of: revocation.about })
      return true
    },
  })
  lift = engine.refusals.add(revocation.refusal(observed?.target))
  engine.events.emit('revoke.uncertain', { of: revocation.about })
  // A drive that was joined carries a refusal of its own.
  void completed.then(() => lift())
  throw new RevokeUncertain(completed, first.failed)
}

function placeOf(roster: RosterKey, { epoch, incarnation }: EndTarget): string {
  return `${roster} ${incarnation} below ${epoch}`
}

/** Nobody can say what it will end, so it is joined by nobody. */
function unobserved({ environment }: Engine, about: string): string {
  return `${about} ${randomCommitId(environment)}`
}

async function settled<Answer>(
  run: () => Promise<Changed<Answer>>,
): Promise<{ done: Changed<Answer> } | { failed: unknown }> {
  try {
    const done = await run()
    return done.outcome === 'uncertain' ? { failed: undefined } : { done }
  } catch (failed) {
    return { failed }
  }
}

function writing<Answer>(
  engine: Engine,
  roster: RosterKey,
  rule: Rule<Answer>,
): (how: Try) => Promise<Changed<Answer>> {
  const confirm = { realm: engine.settings.realm, incarnation: randomIncarnation(engine.environment) }
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
