/** How a record comes into being: number and secret are drawn, the admission rule decides, the token is written. */
import { announceEnded, type Engine, opened } from './engine.ts'
import { SystemError } from './errors.ts'
import { type RosterKey, type SessionNumber, randomCommitId, randomNumber, sessionId } from './ids.ts'
import { freshDeadlines } from './lifetimes.ts'
import type { LifetimeName, StoredSession } from './roster.ts'
import { type Admission, type AdmitAnswer, admit } from './rules/admit.ts'
import { dryRun } from './rules/rule.ts'
import type { Presented } from './session.ts'
import { hashSecret, newSecret, writeToken } from './token/token.ts'

export interface NewSession {
  readonly roster: RosterKey
  readonly transport: string
  readonly admission: Omit<Admission, 'session'>
  readonly record: Omit<StoredSession, 'number' | 'secretHash'>
  /** The number that a claim promised; otherwise one is drawn. */
  readonly number: SessionNumber | undefined
}

export type Refusal = Exclude<AdmitAnswer, { kind: 'admitted' }>
export type Created =
  | { readonly kind: 'created'; readonly presented: Presented; readonly evicted: readonly StoredSession[] }
  | Refusal

const MOST_DRAWS = 5

/** Draws again in the rare case that a number is in use. */
export async function createSession(engine: Engine, fresh: NewSession): Promise<Created> {
  for (let draw = 0; draw < MOST_DRAWS; draw++) {
    const created = await drawAndAdmit(engine, fresh, draw === 0 ? fresh.number : undefined)
    if (created.kind !== 'taken') return created
  }
  throw new SystemError('CONTENTION', 'No free session number was found. Try again.', { retryable: true })
}

/** What an admission would answer now, changing nothing. */
export async function tryAdmission(engine: Engine, fresh: NewSession): Promise<AdmitAnswer> {
  const session = { ...fresh.record, number: randomNumber(engine.environment), secretHash: '' }
  const rule = dryRun(admit({ ...fresh.admission, session }))
  return (
    await engine.writer.change(fresh.roster, { scope: 'roster', rule, writeClass: 'fast', repeatable: true })
  ).answer
}

async function drawAndAdmit(
  engine: Engine,
  fresh: NewSession,
  promised: SessionNumber | undefined,
): Promise<Created> {
  const { environment, events, settings } = engine
  const { roster, transport } = fresh
  const scope = engine.scope(await opened(engine), transport)
  const number = promised ?? randomNumber(environment)
  const secret = newSecret(environment)
  const session: StoredSession = { ...fresh.record, number, secretHash: hashSecret(secret) }
  const rule = admit({ ...fresh.admission, session })
  const changed = await engine.writer.change(roster, {
    scope: 'roster',
    rule,
    writeClass: 'fast',
    repeatable: true,
  })
  const { answer } = changed
  if (answer.kind !== 'admitted') return answer
  const { header, session: record, evicted } = answer
  const id = sessionId(roster, number)
  announceEnded(engine, roster, changed)
  events.emit('session.created', {
    sessionId: id,
    subject: header.subject,
    lifetime: record.lifetime,
    device: record.device.label,
    address: record.device.address,
  })
  const token = writeToken(scope, id, record.generation, secret)
  return {
    kind: 'created',
    evicted,
    presented: {
      roster,
      header,
      record,
      token,
      transport,
      words: settings.words,
      checkedAt: environment.now(),
    },
  }
}

/** A record that nobody has authenticated yet. */
export function blankRecord(
  engine: Engine,
  now: number,
  lifetime: LifetimeName,
): Omit<StoredSession, 'number' | 'secretHash' | 'device' | 'data'> {
  return {
    version: 0,
    epoch: 0,
    privilege: 0,
    generation: 0,
    secretAt: now,
    createdAt: now,
    authenticatedAt: 0,
    ...freshDeadlines(lifetime, now, engine.settings.lifetimes),
    aal: 0,
    acr: '',
    amr: [],
    grace: undefined,
    claim: undefined,
    lastCommit: randomCommitId(engine.environment),
  }
}
