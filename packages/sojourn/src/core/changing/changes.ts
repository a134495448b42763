/** How a session changes while it lives: its data, its secret, its assurance level, what its subject shares. */
import { type Engine, opened, presentedNow, rosterOf, underSecret } from '../engine.ts'
import { InputError } from '../errors.ts'
import type { EndedInFavour } from '../ending/in-favour.ts'
import { type RosterKey, sessionId } from '../ids.ts'
import type { RosterHeader, StoredSession } from '../roster.ts'
import { type AttributesAnswer, setAttributes } from '../rules/attributes.ts'
import {
  type ChangeAnswer,
  elevate as elevateRule,
  patch,
  type RegenerateAnswer,
  regenerate as regenerateRule,
} from '../rules/change.ts'
import { renewedAgain } from '../rules/again.ts'
import { ofSubject, type Rule } from '../rules/rule.ts'
import { basisOf, type Presented, presentedBy, Session } from '../session.ts'
import { subjectAttributes } from './session-data.ts'
import { type Authentication, checkedAuthentication } from '../beginning/sign-in.ts'
import { openSuccessor, sealSuccessor } from '../token/seal.ts'
import { hashSecret, MAX_GENERATION, newSecret, secretOf } from '../token/token.ts'

/** A write that came too late is a value: the caller decides what the user is told. */
export type ChangeResult<Data, Attributes> =
  | { readonly kind: 'changed'; readonly session: Session<Data, Attributes> }
  | NotChanged

export type NotChanged =
  /** The session is over. */
  | { readonly kind: 'ended' }
  /** The session was elevated or given a new secret since it was checked; check again and decide anew. */
  | { readonly kind: 'superseded' }

export type RenewResult<Data, Attributes> =
  | { readonly kind: 'changed'; readonly session: Session<Data, Attributes>; readonly token: string }
  | NotChanged

/** Replaces the data by what `edit` makes of it, on the live record. **Cost**: one read, one write. */
export async function changeData<Data, Attributes>(
  engine: Engine,
  session: Session<Data, Attributes>,
  edit: (data: Uint8Array) => Uint8Array,
): Promise<ChangeResult<Data, Attributes>> {
  await opened(engine)
  const { roster, token, transport, ...presented } = presentedBy(session)
  const rule = patch(basisOf(presented), edit)
  const { answer } = await engine.writer.change(roster, {
    scope: presented.record.number,
    rule,
    writeClass: 'fast',
    repeatable: false,
  })
  if (answer.kind !== 'changed') return answer
  // Another request may have given the session a new secret meanwhile; this one still holds the one it came with.
  const { generation, secretHash, grace } = presented.record
  const held = { ...answer.session, generation, secretHash, grace }
  const now = presentedNow(engine, { roster, header: answer.roster.header, record: held, token, transport })
  return { kind: 'changed', session: new Session<Data, Attributes>(now) }
}

/**
 * A new secret. Because of `age`, the old one stays good for requests in flight, and parallel callers all get the
 * same new one. Because of `privilege`, the old one is dead at once, parallel callers are `superseded`, and so is a
 * write that was decided before.
 */
export async function regenerate<Data, Attributes>(
  engine: Engine,
  session: Session<Data, Attributes>,
  { because }: { readonly because: 'age' | 'privilege' },
): Promise<RenewResult<Data, Attributes>> {
  await opened(engine)
  const presented = presentedBy(session)
  if (presented.record.generation >= MAX_GENERATION) return { kind: 'ended' }
  const secret = newSecret(engine.environment)
  const newPrivilege = because === 'privilege'
  const grace =
    newPrivilege || engine.settings.graceMs === 0 ? undefined : graceFor(engine, presented, secret)
  const rule = regenerateRule(basisOf(presented), { secretHash: hashSecret(secret), grace, newPrivilege })
  const answer = await renewOne<RegenerateAnswer>(engine, presented, rule)
  if (answer.kind === 'lost') return winnersToken(engine, presented, answer.session)
  if (answer.kind !== 'changed') return answer
  engine.events.emit('session.regenerated', { sessionId: session.id, subject: session.subject })
  return renewed(engine, presented, { header: answer.roster.header, record: answer.session, secret })
}

/** A new authentication on a session that exists. @throws InputError `NO_SESSION` for a visitor, who has to sign in */
export async function elevate<Data, Attributes>(
  engine: Engine,
  session: Session<Data, Attributes>,
  authentication: Authentication,
): Promise<RenewResult<Data, Attributes>> {
  await opened(engine)
  const presented = presentedBy(session)
  const { record } = presented
  if (record.authenticatedAt === 0)
    throw new InputError(
      'NO_SESSION',
      'A visitor cannot be elevated, because nobody has signed in. Call signIn.',
    )
  const { aal = 1, acr, amr } = authentication
  checkedAuthentication(authentication)
  const secret = newSecret(engine.environment)
  const rule = elevateRule(basisOf(presented), {
    aal,
    acr,
    amr,
    secretHash: hashSecret(secret),
    grace: undefined,
  })
  const answer = await renewOne<ChangeAnswer>(engine, presented, rule)
  if (answer.kind !== 'changed') return answer
  engine.events.emit('session.elevated', {
    sessionId: session.id,
    subject: session.subject,
    aal: answer.session.aal,
  })
  return renewed(engine, presented, { header: answer.roster.header, record: answer.session, secret })
}

/** **Cost**: one read, one write, whatever the number of sessions. */
export async function setSubjectAttributes(
  engine: Engine,
  subject: string,
  attributes: { readonly version: number; readonly value: object },
): Promise<AttributesAnswer> {
  const roster = await rosterOf(engine, subject)
  const offered = subjectAttributes(attributes.value, attributes.version, engine.environment.now())
  const rule = ofSubject({ realm: engine.settings.realm, subject }, setAttributes(offered))
  return (
    await engine.writer.change(roster, {
      scope: 'header',
      rule,
      writeClass: engine.replicated,
      repeatable: true,
    })
  ).answer
}

/** Why the session is due for a new secret: what it may do has changed, or the policy wants one by now. */
export function regenerationDue<Data, Attributes>(
  engine: Engine,
  session: Session<Data, Attributes>,
): 'privilege' | 'age' | undefined {
  const { record, header, checkedAt } = presentedBy(session)
  const every = engine.settings.regenerateEveryMs
  if (header.attributes !== undefined && header.attributes.setAt > record.secretAt) return 'privilege'
  return every > 0 && checkedAt - record.secretAt >= every ? 'age' : undefined
}

/** Puts a new secret; the one before is dead, or will be, also where the store cannot confirm that yet. */
async function renewOne<Answer extends ChangeAnswer | RegenerateAnswer>(
  { endsInFavour, replicated }: Engine,
  { roster, record: { number } }: Presented,
  rule: Rule<Answer>,
): Promise<Answer> {
  const { answer } = await endsInFavour.change(roster, {
    scope: number,
    rule,
    writeClass: replicated,
    repeatable: true,
    endsOf: (renewal: Answer) => replacedBy(renewal, roster),
  })
  return answer
}

function replacedBy(answer: ChangeAnswer | RegenerateAnswer, roster: RosterKey): readonly EndedInFavour[] {
  if (answer.kind !== 'changed') return []
  const { session } = answer
  const { number, generation: belowGeneration, grace } = session
  const refusal = { kind: 'session', roster, number, belowGeneration, from: grace?.endsAt } as const
  return [{ rule: renewedAgain(session), refusal }]
}

function graceFor(
  engine: Engine,
  { roster, record, token }: Presented,
  successor: string,
): StoredSession['grace'] {
  const place = { session: sessionId(roster, record.number), generation: record.generation + 1 }
  return {
    previousHash: record.secretHash,
    sealed: sealSuccessor(engine.environment, engine.settings.ring, {
      ...place,
      presented: secretOf(token),
      successor,
    }),
    endsAt: engine.environment.now() + engine.settings.graceMs,
  }
}

/** The secret that another request drew first, which the holder of the old secret can open. */
function winnersToken<Data, Attributes>(
  engine: Engine,
  presented: Presented,
  record: StoredSession,
): RenewResult<Data, Attributes> {
  const place = { session: sessionId(presented.roster, record.number), generation: record.generation }
  const sealed = record.grace?.sealed
  const secret =
    sealed === undefined
      ? undefined
      : openSuccessor(engine.settings.ring, sealed, { ...place, presented: secretOf(presented.token) })
  return secret === undefined
    ? { kind: 'superseded' }
    : renewed(engine, presented, { header: presented.header, record, secret })
}

function renewed<Data, Attributes>(
  engine: Engine,
  { roster, transport }: Presented,
  {
    header,
    record,
    secret,
  }: { readonly header: RosterHeader; readonly record: StoredSession; readonly secret: string },
): RenewResult<Data, Attributes> {
  return {
    kind: 'changed',
    ...underSecret<Data, Attributes>(engine, { roster, header, record, transport }, secret),
  }
}
