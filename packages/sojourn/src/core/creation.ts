/** How a record comes into being: number and secret are drawn, the admission rule decides, the token is written. */
import { announceEnded, type Engine, opened, underSecret } from './engine.ts'
import { SystemError } from './errors.ts'
import { NO_COMMIT, type RosterKey, type SessionNumber, randomNumber, sessionId } from './ids.ts'
import { freshDeadlines } from './lifetimes.ts'
import type { LifetimeName, StoredSession } from './roster.ts'
import { type Admission, type AdmitAnswer, admit } from './rules/admit.ts'
import { dryRun } from './rules/rule.ts'
import type { Session } from './session.ts'
import { hashSecret, newSecret } from './token/token.ts'

export interface NewSession {
  readonly roster: RosterKey
  readonly transport: string
  readonly admission: Omit<Admission, 'session'>
  readonly record: Omit<StoredSession, 'number' | 'secretHash'>
  /** What a claim promised; otherwise number and secret are drawn. */
  readonly promised: Promised | undefined
}

export interface Promised {
  readonly number: SessionNumber
  readonly secret: string
}

export type Refusal = Exclude<AdmitAnswer, { kind: 'admitted' }>
export type Created<Data, Attributes> =
  | {
      readonly kind: 'created'
      readonly session: Session<Data, Attributes>
      readonly token: string
      readonly evicted: readonly StoredSession[]
    }
  | Refusal

const MOST_DRAWS = 5

/** Draws again in the rare case that a number is in use. */
export async function createSession<Data, Attributes>(
  engine: Engine,
  fresh: NewSession,
): Promise<Created<Data, Attributes>> {
  await opened(engine)
  for (let draw = 0; draw < MOST_DRAWS; draw++) {
    const drawn = { number: randomNumber(engine.environment), secret: newSecret(engine.environment) }
    const created = await admitAs<Data, Attributes>(
      engine,
      fresh,
      (draw === 0 ? fresh.promised : undefined) ?? drawn,
    )
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

async function admitAs<Data, Attributes>(
  engine: Engine,
  fresh: NewSession,
  { number, secret }: Promised,
): Promise<Created<Data, Attributes>> {
  const { roster, transport } = fresh
  const rule = admit({
    ...fresh.admission,
    session: { ...fresh.record, number, secretHash: hashSecret(secret) },
  })
  const changed = await engine.writer.change(roster, {
    scope: 'roster',
    rule,
    writeClass: 'fast',
    repeatable: true,
  })
  if (changed.answer.kind !== 'admitted') return changed.answer
  const { header, session: record, evicted } = changed.answer
  const { lifetime, device } = record
  announceEnded(engine, roster, changed)
  engine.events.emit('session.created', {
    sessionId: sessionId(roster, number),
    subject: header.subject,
    lifetime,
    device: device.label,
    address: device.address,
  })
  return {
    kind: 'created',
    evicted,
    ...underSecret<Data, Attributes>(engine, { roster, header, record, transport }, secret),
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
    lastCommit: NO_COMMIT,
  }
}
