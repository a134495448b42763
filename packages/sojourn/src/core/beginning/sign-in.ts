/**
 * How sessions begin. A sign-in always makes a new token; there is no other way to put a subject on a session.
 */
import {
  blankRecord,
  createSession,
  type NewSession,
  placeFor,
  type Refusal,
  tryAdmission,
} from './creation.ts'
import { Delta } from '../data/delta.ts'
import { type Client, deviceOf } from '../devices/devices.ts'
import { type Engine, opened, rosterNow, rosterOf } from '../engine.ts'
import { InputError, SystemError } from '../errors.ts'
import {
  type RosterKey,
  type SessionId,
  type SessionNumber,
  randomIncarnation,
  randomRosterKey,
  sessionId,
} from '../ids.ts'
import {
  deleteLater,
  findPrevious,
  NOTHING_TAKEN,
  type PresentedToken,
  type Previous,
  sameRoster,
  takeOver,
  type TakenOver,
} from './previous.ts'
import type { HeldPlace } from '../ending/in-favour.ts'
import type { LoadedRoster } from '../writing/loading.ts'
import { type Aal, MAX_RECORDS } from '../roster.ts'
import type { SeenEpochs } from '../rules/admit.ts'
import { carried, subjectAttributes } from '../changing/session-data.ts'
import { epochUnder } from '../rules/prune.ts'
import { assertOwner, type RosterView } from '../rules/rule.ts'
import type { Session } from '../session.ts'

/** A sign-in that has begun. Plain data: it may wait in an anonymous session between two steps of a login. */
export interface Attempt extends SeenEpochs {
  readonly subject: string
  readonly startedAt: number
}

export interface SignInOptions<Data, Attributes> extends Authentication {
  /** The token that the client presented with this request, if any: that session ends, its listed data crosses. */
  readonly previous?: PresentedToken | undefined
  /** How the new token will be carried: a cookie's name, or `bearer` (default). */
  readonly transport?: string
  /** Use the longer lifetime. Default false. */
  readonly remember?: boolean
  readonly device?: Client
  readonly data?: Partial<Data>
  /** Shared by all sessions of the subject; ignored unless `version` is newer than what is known. */
  readonly attributes?: { readonly version: number; readonly value: Attributes }
}

/** What the application knows about how somebody proved who they are. */
export interface Authentication {
  /** Assurance level that the credentials gave. Default 1. */
  readonly aal?: 1 | 2 | 3
  /** Authentication context class, at most 128 bytes. Default empty. */
  readonly acr?: string
  /** Authentication methods (RFC 8176), at most 16. Default none. */
  readonly amr?: readonly string[]
}

export type SignInResult<Data, Attributes> =
  | {
      readonly kind: 'signed-in'
      readonly session: Session<Data, Attributes>
      /** For the client and nobody else. */
      readonly token: string
      /** Sessions that ended because of the device limit. */
      readonly evicted: readonly SessionId[]
    }
  | {
      readonly kind: 'refused'
      /**
       * `superseded`: all sessions of the subject were revoked since the attempt began; check credentials again.
       * `attempt-expired`: the attempt is older than `attemptLifetime`. `device-limit`: policy `reject`, and full.
       * `remember-disabled`: `remember` was asked for and is switched off.
       */
      readonly reason: 'superseded' | 'attempt-expired' | 'device-limit' | 'remember-disabled'
    }

export interface AnonymousStart<Data> {
  readonly transport?: string
  readonly device?: Client
  readonly data?: Partial<Data>
}

/** The subject's epochs before credentials are checked. */
export async function beginAttempt(engine: Engine, subject: string): Promise<Attempt> {
  return (await begin(engine, subject, 'header')).attempt
}

interface Begun {
  readonly attempt: Attempt
  readonly roster: RosterKey
  readonly loaded: LoadedRoster | undefined
}

/** A sign-in that begins with the call: the whole roster is read at once, and the admission goes from there. */
async function beginHere(engine: Engine, subject: string): Promise<Begun> {
  const { attempt, roster, found } = await begin(engine, subject, 'roster')
  return { attempt, roster, loaded: { roster: found } }
}

async function begin(
  engine: Engine,
  subject: string,
  scope: 'header' | 'roster',
): Promise<{ attempt: Attempt; roster: RosterKey; found: RosterView | undefined }> {
  const startedAt = engine.environment.now()
  const roster = await rosterOf(engine, subject)
  // What a revocation in doubt is about to raise is not what this sign-in begins with.
  await assertSettled(engine, roster)
  if (!engine.watch.isFresh()) await engine.watch.refresh()
  const known = engine.moment().globalEpoch
  const found = await rosterNow(engine, roster, scope)
  if (found === undefined)
    return { attempt: { subject, epoch: 0, globalEpoch: known, startedAt }, roster, found }
  const { header } = found
  assertOwner({ realm: engine.settings.realm, subject }, header)
  const { incarnation } = header
  // A newer one in the header: everything was revoked before this began, and this process has not heard of it yet.
  const globalEpoch = Math.max(known, header.globalEpoch)
  const epoch = epochUnder(header, globalEpoch)
  return { attempt: { subject, epoch, incarnation, globalEpoch, startedAt }, roster, found }
}

async function continued(engine: Engine, attempt: Attempt): Promise<Begun> {
  return { attempt, roster: await rosterOf(engine, attempt.subject), loaded: undefined }
}

export async function signIn<Data, Attributes extends object>(
  engine: Engine,
  who: string | Attempt,
  options: SignInOptions<Data, Attributes>,
): Promise<SignInResult<Data, Attributes>> {
  const { settings, watch } = engine
  const request = { ...options, ...checkedAuthentication(options), delta: deltaOf(options.data) }
  const { attempt, roster, loaded } =
    typeof who === 'object' && who !== null ? await continued(engine, who) : await beginHere(engine, who)
  if (options.remember === true && !settings.remember) return turnedAway(engine, 'remember-disabled')
  await assertSettled(engine, roster)
  if (attempt.globalEpoch > engine.moment().globalEpoch) await watch.refresh()
  const previous = await findPrevious(engine, options.previous)
  const parts = { attempt, roster, request, replaces: undefined, taken: NOTHING_TAKEN, loaded }
  if (previous === undefined) return await admitted(engine, parts)
  // Nothing of the old session is given up for a sign-in that would be refused.
  const answer = await tryAdmission(
    engine,
    newSession(engine, { ...parts, replaces: sameRoster(previous, roster) }),
  )
  if (answer.kind !== 'admitted' && answer.kind !== 'taken') return refused(engine, answer, attempt.subject)
  const place = placeFor(engine, roster, answer)
  try {
    return await crossing(engine, { ...parts, loaded: undefined, place }, previous)
  } finally {
    place?.giveBack()
  }
}

async function crossing<Data, Attributes>(
  engine: Engine,
  parts: SignInParts,
  previous: Previous,
): Promise<SignInResult<Data, Attributes>> {
  const taken = await takeOver(engine, previous, parts.roster)
  try {
    return await admitted(engine, { ...parts, taken })
  } finally {
    deleteLater(engine, previous)
  }
}

async function admitted<Data, Attributes>(
  engine: Engine,
  parts: SignInParts,
): Promise<SignInResult<Data, Attributes>> {
  const { attempt, roster } = parts
  const created = await createSession<Data, Attributes>(engine, newSession(engine, parts))
  if (created.kind !== 'created') return refused(engine, created, attempt.subject)
  const { session, token, evicted } = created
  return {
    kind: 'signed-in',
    session,
    token,
    evicted: evicted.map(({ number }) => sessionId(roster, number)),
  }
}

/** Data alone makes a visitor's session: nothing is stored for visitors who have none. */
export async function startAnonymous<Data, Attributes>(
  engine: Engine,
  options: Omit<AnonymousStart<Data>, 'data'> & { readonly delta: Delta },
): Promise<{ session: Session<Data, Attributes>; token: string }> {
  await opened(engine)
  if (!engine.watch.isFresh()) await engine.watch.refresh()
  const data = carried(engine.settings, undefined, options.delta)
  const { now, globalEpoch } = engine.moment()
  const created = await createSession<Data, Attributes>(engine, {
    roster: randomRosterKey(engine.environment),
    transport: options.transport ?? 'bearer',
    admission: {
      realm: engine.settings.realm,
      subject: undefined,
      seen: { epoch: 0, globalEpoch },
      expiresAt: now + engine.settings.attemptMs,
      incarnation: randomIncarnation(engine.environment),
      limit: { count: MAX_RECORDS, policy: 'reject' },
      replaces: undefined,
      attributes: undefined,
    },
    record: { ...blankRecord(engine, now, 'anonymous'), device: deviceOf(options.device ?? {}), data },
    promised: undefined,
  })
  if (created.kind === 'created') return created
  throw new SystemError('CONTENTION', 'Everything was being revoked while this session began. Try again.', {
    retryable: true,
  })
}

/** A sign-in is not admitted into what a revocation in doubt is about to end. @throws SystemError */
async function assertSettled(engine: Engine, roster: RosterKey): Promise<void> {
  if (engine.pending.isEmpty || (await engine.pending.settle(roster))) return
  throw new SystemError(
    'STORE_UNAVAILABLE',
    'A revocation of this subject has not been confirmed by the store yet. Try again in a moment.',
    { retryable: true },
  )
}

export function deltaOf(data: object | undefined): Delta {
  const delta = new Delta()
  for (const [key, value] of Object.entries(data ?? {})) delta.set(key, value)
  return delta
}

const MOST_METHODS = 16
const LONGEST_CONTEXT = 128

/** @throws InputError `OPTION_INVALID` */
export function checkedAuthentication({ aal = 1, acr = '', amr = [] }: Authentication): {
  aal: Aal & (1 | 2 | 3)
  acr: string
  amr: readonly string[]
} {
  const short = (text: unknown): boolean =>
    typeof text === 'string' && text.isWellFormed() && Buffer.byteLength(text) <= LONGEST_CONTEXT
  if (![1, 2, 3].includes(aal)) throw new InputError('OPTION_INVALID', 'aal: write 1, 2 or 3.')
  if (!short(acr))
    throw new InputError('OPTION_INVALID', `acr: write text of at most ${LONGEST_CONTEXT} bytes.`)
  if (!Array.isArray(amr) || amr.length > MOST_METHODS || !amr.every(short)) {
    throw new InputError('OPTION_INVALID', `amr: write a list of at most ${MOST_METHODS} short texts.`)
  }
  return { aal, acr, amr }
}

interface SignInParts {
  readonly attempt: Attempt
  readonly roster: RosterKey
  readonly replaces: SessionNumber | undefined
  readonly request: SignInOptions<unknown, object> & {
    readonly aal: Aal
    readonly acr: string
    readonly amr: readonly string[]
    readonly delta: Delta
  }
  readonly taken: TakenOver
  readonly loaded: LoadedRoster | undefined
  readonly place?: HeldPlace | undefined
}

function newSession(engine: Engine, parts: SignInParts): NewSession {
  const { attempt, roster, replaces, request, taken, loaded, place } = parts
  const { settings, environment } = engine
  const now = environment.now()
  const { aal, acr, amr, attributes } = request
  return {
    roster,
    transport: request.transport ?? 'bearer',
    admission: {
      realm: settings.realm,
      subject: attempt.subject,
      seen: attempt,
      expiresAt: attempt.startedAt + settings.attemptMs,
      incarnation: randomIncarnation(environment),
      limit: settings.devices,
      replaces,
      attributes:
        attributes === undefined ? undefined : subjectAttributes(attributes.value, attributes.version, now),
    },
    record: {
      ...blankRecord(engine, now, request.remember === true ? 'remember' : 'session'),
      authenticatedAt: now,
      aal,
      acr,
      amr,
      device: deviceOf(request.device ?? {}),
      data: carried(settings, taken.data, request.delta),
    },
    promised: taken.promised,
    loaded,
    place,
  }
}

function refused(engine: Engine, answer: Refusal, subject: string): RefusedSignIn {
  if (answer.kind === 'expired') return turnedAway(engine, 'attempt-expired')
  if (answer.kind !== 'limit') return turnedAway(engine, 'superseded')
  engine.events.emit('device-limit.reached', { subject, limit: engine.settings.devices.count })
  return turnedAway(engine, 'device-limit')
}

type RefusedSignIn = Extract<SignInResult<never, never>, { kind: 'refused' }>

function turnedAway({ counts }: Engine, reason: RefusedSignIn['reason']): RefusedSignIn {
  counts.refusedSignIns.add(reason)
  return { kind: 'refused', reason }
}
