/** How a session changes while it lives: its data, its secret, its assurance level, what its subject shares. */
import { type Engine, opened, rosterOf } from './engine.ts'
import { sessionId } from './ids.ts'
import { type AttributesAnswer, setAttributes } from './rules/attributes.ts'
import {
  type ChangeAnswer,
  elevate as elevateRule,
  patch,
  type RegenerateAnswer,
  regenerate as regenerateRule,
} from './rules/change.ts'
import { type Authentication, checkedAuthentication } from './sign-in.ts'
import { subjectAttributes } from './session-data.ts'
import { basisOf, type Presented, presentedBy, Session } from './session.ts'
import type { StoredSession } from './roster.ts'
import type { Rule } from './rules/rule.ts'
import { openSuccessor, sealSuccessor } from './token/seal.ts'
import { hashSecret, MAX_GENERATION, newSecret, secretOf, writeToken } from './token/token.ts'

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
  const presented = presentedBy(session)
  const answer = await changeOne(engine, presented, {
    rule: patch(basisOf(presented), edit),
    writeClass: 'fast',
    repeatable: false,
  })
  return answer.kind === 'changed'
    ? { kind: 'changed', session: renewedSession(engine, presented, answer, presented.token) }
    : answer
}

/**
 * A new secret. With `grace` the old one stays good for requests in flight, and parallel callers all get the
 * same new one; without, the old one is dead at once and parallel callers are `superseded`.
 */
export async function regenerate<Data, Attributes>(
  engine: Engine,
  session: Session<Data, Attributes>,
  options: { readonly grace: boolean },
): Promise<RenewResult<Data, Attributes>> {
  await opened(engine)
  const presented = presentedBy(session)
  const secret = newSecret(engine.environment)
  const sealed =
    options.grace && engine.settings.graceMs > 0 ? graceFor(engine, presented, secret) : undefined
  const rule = regenerateRule(basisOf(presented), { secretHash: hashSecret(secret), grace: sealed })
  const answer = await changeOne<RegenerateAnswer>(engine, presented, {
    rule,
    writeClass: engine.replicated,
    repeatable: true,
  })
  if (answer.kind === 'lost') return winnersToken(engine, presented, answer.session)
  if (answer.kind !== 'changed') return answer
  engine.events.emit('session.regenerated', { sessionId: session.id, subject: session.subject })
  return renewed(engine, presented, answer, secret)
}

/** A new authentication on a session that exists. */
export async function elevate<Data, Attributes>(
  engine: Engine,
  session: Session<Data, Attributes>,
  options: Authentication,
): Promise<RenewResult<Data, Attributes>> {
  await opened(engine)
  const presented = presentedBy(session)
  if (presented.record.authenticatedAt === 0) return { kind: 'superseded' }
  const secret = newSecret(engine.environment)
  const rule = elevateRule(basisOf(presented), {
    ...checkedAuthentication(options),
    secretHash: hashSecret(secret),
    grace: undefined,
  })
  const answer = await changeOne(engine, presented, { rule, writeClass: engine.replicated, repeatable: true })
  if (answer.kind !== 'changed') return answer
  engine.events.emit('session.elevated', {
    sessionId: session.id,
    subject: session.subject,
    aal: answer.session.aal,
  })
  return renewed(engine, presented, answer, secret)
}

/** **Cost**: one read, one write, whatever the number of sessions. */
export async function setSubjectAttributes(
  engine: Engine,
  subject: string,
  attributes: { readonly version: number; readonly value: object },
): Promise<AttributesAnswer> {
  const roster = await rosterOf(engine, subject)
  const rule = setAttributes(
    subjectAttributes(attributes.value, attributes.version, engine.environment.now()),
  )
  return (
    await engine.writer.change(roster, {
      scope: 'header',
      rule,
      writeClass: engine.replicated,
      repeatable: true,
    })
  ).answer
}

/** Whether the session's secret is older than the policy or a change of shared attributes wants it. */
export function isRegenerationDue<Data, Attributes>(
  engine: Engine,
  session: Session<Data, Attributes>,
): boolean {
  const { record, header, checkedAt } = presentedBy(session)
  const every = engine.settings.regenerateEveryMs
  const byAge = every > 0 && checkedAt - record.secretAt >= every
  return byAge || (header.attributes !== undefined && header.attributes.setAt > record.secretAt)
}

interface OneChange<Answer> {
  readonly rule: Rule<Answer>
  readonly writeClass: Engine['replicated']
  readonly repeatable: boolean
}

async function changeOne<Answer = ChangeAnswer>(
  engine: Engine,
  { roster, record }: Presented,
  change: OneChange<Answer>,
): Promise<Answer> {
  return (await engine.writer.change(roster, { scope: record.number, ...change })).answer
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
  session: StoredSession,
): RenewResult<Data, Attributes> {
  const place = { session: sessionId(presented.roster, session.number), generation: session.generation }
  const sealed = session.grace?.sealed
  const secret =
    sealed === undefined
      ? undefined
      : openSuccessor(engine.settings.ring, sealed, { ...place, presented: secretOf(presented.token) })
  return secret === undefined
    ? { kind: 'superseded' }
    : renewed(engine, presented, { header: presented.header, session }, secret)
}

type Outcome = {
  readonly session: StoredSession
  readonly header?: Presented['header']
  readonly roster?: { readonly header: Presented['header'] }
}

function renewed<Data, Attributes>(
  engine: Engine,
  presented: Presented,
  outcome: Outcome,
  secret: string,
): RenewResult<Data, Attributes> {
  const { session } = outcome
  const deployment = engine.watch.current
  if (deployment === undefined || session.generation > MAX_GENERATION) return { kind: 'ended' }
  const token = writeToken(
    engine.scope(deployment, presented.transport),
    sessionId(presented.roster, session.number),
    session.generation,
    secret,
  )
  return { kind: 'changed', session: renewedSession(engine, presented, outcome, token), token }
}

function renewedSession<Data, Attributes>(
  engine: Engine,
  presented: Presented,
  outcome: Outcome,
  token: string,
): Session<Data, Attributes> {
  const header = outcome.roster?.header ?? outcome.header ?? presented.header
  return new Session<Data, Attributes>({
    ...presented,
    header,
    record: outcome.session,
    token,
    checkedAt: engine.environment.now(),
  })
}
