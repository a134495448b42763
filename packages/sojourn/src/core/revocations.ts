/**
 * How sessions end by decision. A revocation resolves only when the store has confirmed it in the strongest
 * class it offers; otherwise the session is refused here at once, the caller gets `RevokeUncertain`, and the
 * revocation is driven on until it is confirmed.
 */
import { announceEnded, type Engine, opened, rosterOf } from './engine.ts'
import { RevokeUncertain } from './errors.ts'
import {
  parseSessionId,
  randomCommitId,
  randomIncarnation,
  type RosterKey,
  type SessionNumber,
  sessionId,
} from './ids.ts'
import type { Refusal } from './refusals.ts'
import type { EndReason } from './roster.ts'
import {
  endOthersByEpoch,
  erase,
  revoke as revokeRule,
  revokeAll as revokeAllRule,
  revokeOthers as revokeOthersRule,
} from './rules/end.ts'
import { inRealm, type Rule } from './rules/rule.ts'
import type { RenewResult } from './changes.ts'
import { presentedBy, Session } from './session.ts'
import { hashSecret, newSecret, writeToken } from './token/token.ts'
import type { Changed } from './writer.ts'

/** Ends one session; false when it was over already, or is not of this realm. */
export async function revokeSession(engine: Engine, id: string, why: EndReason): Promise<boolean> {
  const parsed = parseSessionId(id)
  await opened(engine)
  if (parsed === undefined) return false
  const { roster, number } = parsed
  const rule = inRealm(engine.settings.realm, revokeRule(number, why))
  const { answer } = await confirmed(engine, {
    refusal: { kind: 'session', roster, number },
    of: id,
    run: change(engine, roster, 'roster', rule),
  })
  return answer !== undefined
}

/** How many sessions ended; `undefined` when `session` itself is over. */
export async function revokeOthers<Data, Attributes>(
  engine: Engine,
  session: Session<Data, Attributes>,
): Promise<number | undefined> {
  await opened(engine)
  const { roster, record } = presentedBy(session)
  const refusal: Refusal = { kind: 'roster', roster, except: record.number }
  const { answer } = await confirmed(engine, {
    refusal,
    of: session.id,
    run: change(engine, roster, 'roster', revokeOthersRule(record.number)),
  })
  return answer?.length
}

/** One write of constant size; covers sign-ins and elevations in flight. */
export async function revokeAll(engine: Engine, subject: string, why: EndReason): Promise<void> {
  const roster = await rosterOf(engine, subject)
  const rule = revokeAllRule(userWide(engine, subject))
  await confirmed(engine, {
    refusal: { kind: 'roster', roster, except: undefined },
    of: 'subject',
    run: change(engine, roster, 'header', rule),
  })
  engine.events.emit('subject.revoked', { subject, reason: why })
}

/** Ends all sessions of the subject but `keep`, which gets a new secret; sign-ins in flight with the old credential fail. */
export async function keepOnly<Data, Attributes>(
  engine: Engine,
  keep: Session<Data, Attributes>,
  subject: string,
): Promise<RenewResult<Data, Attributes>> {
  const deployment = await opened(engine)
  const presented = presentedBy(keep)
  const { roster, record } = presented
  const secret = newSecret(engine.environment)
  const rule = endOthersByEpoch({
    number: record.number,
    generation: record.generation,
    secretHash: hashSecret(secret),
  })
  const { answer } = await confirmed(engine, {
    refusal: { kind: 'roster', roster, except: record.number },
    of: 'subject',
    run: change(engine, roster, 'roster', rule),
  })
  if (answer === undefined) return { kind: 'superseded' }
  engine.events.emit('subject.revoked', { subject, reason: 'credential-changed' })
  const token = writeToken(
    engine.scope(deployment, presented.transport),
    sessionId(roster, record.number),
    answer.kept.generation,
    secret,
  )
  const session = new Session<Data, Attributes>({
    ...presented,
    header: answer.header,
    record: answer.kept,
    token,
    checkedAt: engine.environment.now(),
  })
  return { kind: 'changed', session, token }
}

/** Ends all sessions and removes what the store knows of the subject. */
export async function eraseSubject(engine: Engine, subject: string): Promise<void> {
  const roster = await rosterOf(engine, subject)
  const rule = erase(userWide(engine, subject))
  await confirmed(engine, {
    refusal: { kind: 'roster', roster, except: undefined },
    of: 'subject',
    run: change(engine, roster, 'roster', rule),
  })
  engine.events.emit('subject.revoked', { subject, reason: 'erased' })
}

/** Ends everything there is, here at once and elsewhere within the staleness bound. */
export async function revokeEverything(engine: Engine): Promise<void> {
  await opened(engine)
  const run = async (): Promise<Changed<number>> => {
    const { globalEpoch } = await engine.watch.raise()
    return { answer: globalEpoch, outcome: 'committed', ended: [], header: undefined }
  }
  const { answer } = await confirmed(engine, { refusal: { kind: 'everything' }, of: 'everything', run })
  engine.events.emit('deployment.revoked', { globalEpoch: answer })
}

interface Revocation<Answer> {
  readonly refusal: Refusal
  /** For events and logs. */
  readonly of: string
  readonly run: (again: boolean) => Promise<Changed<Answer>>
}

/** @throws RevokeUncertain */
async function confirmed<Answer>(engine: Engine, revocation: Revocation<Answer>): Promise<Changed<Answer>> {
  const cause = await attempt(revocation, false)
  if ('done' in cause) return cause.done
  const lift = engine.refusals.add(revocation.refusal)
  engine.events.emit('revoke.uncertain', { of: revocation.of })
  throw new RevokeUncertain(complete(engine, revocation, lift), cause.failed)
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

const SHORTEST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 30_000

async function complete<Answer>(
  engine: Engine,
  revocation: Revocation<Answer>,
  lift: () => void,
): Promise<void> {
  await drive(engine, revocation)
  lift()
  engine.events.emit('revoke.completed', { of: revocation.of })
}

/** Tries until it succeeds, for as long as the process lives. */
async function drive<Answer>(engine: Engine, revocation: Revocation<Answer>): Promise<void> {
  for (let tries = 0; ; tries++) {
    const pause = Math.min(SHORTEST_PAUSE_MS * 2 ** tries, LONGEST_PAUSE_MS)
    await new Promise<void>((resolve) =>
      engine.environment.after(Math.ceil(pause * (0.5 + engine.environment.jitter() / 2)), resolve),
    )
    if ('done' in (await attempt(revocation, true))) return
  }
}

function change<Answer>(
  engine: Engine,
  roster: RosterKey,
  scope: SessionNumber | 'header' | 'roster',
  rule: Rule<Answer>,
): Revocation<Answer>['run'] {
  return async (again) => {
    const changed = await engine.writer.change(roster, {
      scope,
      rule,
      writeClass: engine.strongest,
      repeatable: true,
      confirm: again,
    })
    announceEnded(engine, roster, changed)
    return changed
  }
}

function userWide(engine: Engine, subject: string): Parameters<typeof revokeAllRule>[0] {
  const { environment, settings } = engine
  return {
    realm: settings.realm,
    subject,
    incarnation: randomIncarnation(environment),
    id: randomCommitId(environment),
  }
}
