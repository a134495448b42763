/** How a record comes into being: number and secret are drawn, the admission rule decides, the token is written. */
import { announceEnded, type Engine, opened, underSecret } from '../engine.ts'
import { SystemError } from '../errors.ts'
import { NO_COMMIT, type RosterKey, type SessionNumber, randomNumber, sessionId } from '../ids.ts'
import { freshDeadlines } from '../policy/lifetimes.ts'
import { type EndedInFavour, type HeldPlace, tooManyEnds } from '../ending/in-favour.ts'
import type { LoadedRoster } from '../writing/loading.ts'
import type { LifetimeName, StoredSession } from '../roster.ts'
import { type Admission, type AdmitAnswer, admit } from '../rules/admit.ts'
import { revoke } from '../rules/end.ts'
import { dryRun } from '../rules/rule.ts'
import type { Session } from '../session.ts'
import { hashSecret, newSecret } from '../token/token.ts'

export interface NewSession {
  readonly roster: RosterKey
  readonly transport: string
  readonly admission: Omit<Admission, 'session' | 'promisedHash'>
  readonly record: Omit<StoredSession, 'number' | 'secretHash'>
  /** What a claim promised; otherwise number and secret are drawn. */
  readonly promised: Promised | undefined
  /** The roster as the sign-in found it, if nothing was done to it since. */
  readonly loaded?: LoadedRoster | undefined
  /** Kept for what the admission evicts. */
  readonly place?: HeldPlace | undefined
}

export interface Promised {
  readonly number: SessionNumber
  readonly secret: string
  /**
   * The promise is an earlier try's: whether its session was never admitted or has ended again cannot be told, so the
   * secret is used only for a session that is there, and a new one is drawn for one that is not.
   */
  readonly isContinued: boolean
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
    const attempt = draw === 0 ? fresh : { ...fresh, promised: undefined, loaded: undefined }
    const created = await admitAs<Data, Attributes>(engine, attempt)
    if (created.kind !== 'taken') return created
  }
  throw new SystemError('CONTENTION', 'No free session number was found. Try again.', { retryable: true })
}

/** What an admission would answer now, changing nothing. */
export async function tryAdmission(engine: Engine, fresh: NewSession): Promise<AdmitAnswer> {
  const session = { ...fresh.record, number: randomNumber(engine.environment), secretHash: '' }
  const rule = dryRun(admit({ ...fresh.admission, session, promisedHash: undefined }))
  const { answer } = await engine.writer.change(fresh.roster, {
    scope: 'roster',
    rule,
    writeClass: 'fast',
    repeatable: true,
    loaded: fresh.loaded,
  })
  return answer
}

/** A place for what the admission is about to evict, before anything else is given up for it. @throws SystemError `OVERLOADED` */
export function placeFor(
  { endsInFavour }: Engine,
  roster: RosterKey,
  answer: AdmitAnswer,
): HeldPlace | undefined {
  const place = endsInFavour.hold(roster)
  if (place === undefined && evictedBy(answer).length > 0) throw tooManyEnds()
  return place
}

async function admitAs<Data, Attributes>(
  engine: Engine,
  fresh: NewSession,
): Promise<Created<Data, Attributes>> {
  const { roster, transport, promised, loaded, place } = fresh
  const number = promised?.number ?? randomNumber(engine.environment)
  const drawn =
    promised === undefined || promised.isContinued ? newSecret(engine.environment) : promised.secret
  const promisedHash = promised === undefined ? undefined : hashSecret(promised.secret)
  const session = { ...fresh.record, number, secretHash: hashSecret(drawn) }
  const rule = admit({ ...fresh.admission, session, promisedHash })
  // Not repeatable: a creation that arrives late must not bring back a token that has been signed out since.
  const changed = await engine.endsInFavour.change(roster, {
    scope: 'roster',
    rule,
    writeClass: 'fast',
    repeatable: false,
    loaded,
    endsOf: (answer: AdmitAnswer) => evictedBy(answer).map(evictedFrom(roster)),
    held: place,
  })
  if (changed.answer.kind !== 'admitted') return changed.answer
  const { header, session: record, evicted } = changed.answer
  const { lifetime, device } = record
  const id = sessionId(roster, number)
  announceEnded(engine, roster, changed)
  engine.events.emit('session.created', {
    sessionId: id,
    subject: header.subject,
    lifetime,
    device: device.label,
    address: device.address,
  })
  const secret = record.secretHash === promisedHash && promised !== undefined ? promised.secret : drawn
  return {
    kind: 'created',
    evicted,
    ...underSecret<Data, Attributes>(engine, { roster, header, record, transport }, secret),
  }
}

function evictedBy(answer: AdmitAnswer): readonly StoredSession[] {
  return answer.kind === 'admitted' ? answer.evicted : []
}

function evictedFrom(roster: RosterKey): (session: StoredSession) => EndedInFavour {
  return ({ number }) => ({
    rule: revoke(number, 'evicted'),
    refusal: { kind: 'session', roster, number },
  })
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
