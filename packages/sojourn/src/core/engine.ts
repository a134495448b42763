/**
 * The parts that every operation of the manager works with, put together once.
 */
import { type Chores, createChores } from './writing/chores.ts'
import { type Breaker, type CallKind, createBreaker } from './calls/breaker.ts'
import { breakerMeasures } from './counting/breaker-measures.ts'
import { createCounts, type Counts } from './counting/counts.ts'
import { type DistinctSessions, distinctSessions } from './counting/distinct.ts'
import { createEngineMeasures, type EngineMeasures } from './counting/engine-measures.ts'
import { storeCalls } from './counting/store-calls.ts'
import { createDeadlines, type Deadlines } from './calls/deadline.ts'
import { type Deployment, rosterKeyOf } from './deployment/deployment.ts'
import { createDeploymentWatch, type DeploymentWatch } from './deployment/deployment-watch.ts'
import type { Environment } from './environment.ts'
import { InputError, SystemError } from './errors.ts'
import { createEvents, type Events } from './events.ts'
import { type RosterKey, sessionId } from './ids.ts'
import { loadRoster, type Scope } from './writing/loading.ts'
import type { Settings } from './policy/options.ts'
import { createPending, type PendingRevocations } from './ending/pending.ts'
import { createInDoubt, type RevocationsInDoubt } from './ending/in-doubt.ts'
import { createEndsInFavour, type EndsInFavour } from './ending/in-favour.ts'
import { createRefusals, type Refusals } from './ending/refusals.ts'
import type { Moment, RosterView } from './rules/rule.ts'
import { type SessionStore, strongestWriteClass, type WriteClass } from './store.ts'
import { type Presented, Session } from './session.ts'
import { type TokenScope, tokenScope, writeToken } from './token/token.ts'
import { createTouches, type Touches } from './writing/touches.ts'
import { type Changed, createWriter, type Writer } from './writing/writer.ts'

export interface Engine {
  readonly settings: Settings
  readonly store: SessionStore
  readonly environment: Environment
  readonly events: Events
  readonly watch: DeploymentWatch
  readonly writer: Writer
  readonly chores: Chores
  readonly touches: Touches
  readonly refusals: Refusals
  readonly pending: PendingRevocations
  readonly counts: Counts
  /** The sessions that were found good lately. */
  readonly active: DistinctSessions
  /** What is known about all this. Whatever else knows something of itself is added here. */
  readonly measures: EngineMeasures
  readonly inDoubt: RevocationsInDoubt
  readonly endsInFavour: EndsInFavour
  /** For checks: short. */
  readonly checks: Deadlines
  /** One for each kind of store call; their states are for whoever measures. */
  readonly breakers: Readonly<Record<CallKind, Breaker>>
  /** What evictions, regenerations and replaced sessions are written with. */
  readonly replicated: WriteClass
  /** What revocations are written with. */
  readonly strongest: WriteClass
  readonly isClosed: () => boolean
  moment(): Moment
  scope(deployment: Deployment, transport: string): TokenScope
}

const MOST_IN_FLIGHT = 1024
/** A header that a revocation raised outlives every sign-in that it concerns, on clocks that differ a little. */
const SLACK_MS = 60_000

export function createEngine(parts: {
  settings: Settings
  store: SessionStore
  environment: Environment
  isClosed: () => boolean
}): Engine {
  const { settings, environment } = parts
  const attributes = { realm: settings.realm }
  const events = createEvents(environment)
  const calls = storeCalls({ environment, events, attributes })
  const store = calls.counted(parts.store)
  const breaker = (kind: CallKind): Breaker =>
    createBreaker({
      environment,
      kind,
      changed: (to) => events.emit(`store.breaker-${to}`, { of: kind }),
    })
  const breakers = { checks: breaker('checks'), reads: breaker('reads'), writes: breaker('writes') }
  const limited = (kind: CallKind, ms: number): Deadlines =>
    createDeadlines(environment, { ms, mostInFlight: MOST_IN_FLIGHT, breaker: breakers[kind] })
  const reads = limited('reads', settings.commitDeadlineMs)
  const writes = limited('writes', settings.commitDeadlineMs)
  const watch = createDeploymentWatch({
    documents: store.documents,
    environment,
    ring: settings.ring,
    name: settings.deployment,
    tags: store.traits.tags,
    reads,
    writes,
  })
  const scopes = new Map<string, TokenScope>()

  function moment(): Moment {
    return {
      now: environment.now(),
      lifetimes: settings.lifetimes,
      globalEpoch: watch.current?.globalEpoch ?? 0,
    }
  }

  const pending = createPending(environment)
  const refusals = createRefusals(environment)
  const counts = createCounts(events)
  const active = distinctSessions(environment)
  const measures = createEngineMeasures({ counts, active, watch, pending, refusals, attributes })
  measures.add(calls)
  measures.add(breakerMeasures(breakers, attributes))
  measures.add(parts.store)

  const replicated = store.traits.writeClasses.find((writeClass) => writeClass !== 'fast') ?? 'fast'

  const writer = createWriter({
    store,
    environment,
    reads,
    writes,
    replicated,
    headerLifeMs: settings.attemptMs + SLACK_MS,
    budgetMs: 2 * settings.commitDeadlineMs,
    moment(seenGlobalEpoch) {
      const isKnown = watch.current !== undefined && seenGlobalEpoch <= watch.current.globalEpoch
      return isKnown && watch.isFresh() ? moment() : watch.refresh().then(moment)
    },
  })
  const chores = createChores(environment, { laterMs: settings.graceMs })

  return {
    ...parts,
    store,
    events,
    counts,
    active,
    measures,
    watch,
    breakers,
    writer,
    chores,
    touches: createTouches({ environment, chores, writer, counts }),
    refusals,
    pending,
    inDoubt: createInDoubt({ events, refusals, pending }),
    endsInFavour: createEndsInFavour({
      events,
      writer,
      refusals,
      pending,
      writeClass: replicated,
      realm: settings.realm,
      announce: (roster, changed) => announceEnded({ events }, roster, changed),
    }),
    checks: limited('checks', settings.deadlineMs),
    replicated,
    strongest: strongestWriteClass(store.traits),
    moment,
    scope(deployment, transport) {
      const known = scopes.get(transport)
      if (known !== undefined) return known
      const scope = tokenScope(settings.ring, deployment.id, settings.realm, transport)
      scopes.set(transport, scope)
      return scope
    },
  }
}

/** At once when it is open, as nearly always. @throws SystemError `CLOSED`, or why the deployment cannot be opened */
export function opened(engine: Engine): Deployment | Promise<Deployment> {
  if (engine.isClosed())
    throw new SystemError('CLOSED', 'These sessions were closed. Make new ones with createSessions.')
  return engine.watch.current ?? engine.watch.ready()
}

const LONGEST_SUBJECT_BYTES = 512

/** The roster of a subject. @throws InputError `SUBJECT_INVALID` */
export async function rosterOf(engine: Engine, subject: string): Promise<RosterKey> {
  const valid =
    typeof subject === 'string' &&
    subject !== '' &&
    subject.isWellFormed() &&
    Buffer.byteLength(subject) <= LONGEST_SUBJECT_BYTES
  if (!valid)
    throw new InputError(
      'SUBJECT_INVALID',
      `A subject is text of 1 to ${LONGEST_SUBJECT_BYTES} bytes, the user id as your application knows it.`,
    )
  return rosterKeyOf(await opened(engine), engine.settings.realm, subject)
}

/** What the store has of a roster, within the time of a check. **Cost**: one read. @throws SystemError */
export function rosterNow(engine: Engine, roster: RosterKey, scope: Scope): Promise<RosterView | undefined> {
  return loadRoster({ store: engine.store, deadlines: engine.checks }, roster, scope)
}

/** Tells the listeners which sessions a commit ended. Of those that were claimed they heard when they were. */
export function announceEnded(
  { events }: Pick<Engine, 'events'>,
  roster: RosterKey,
  { header, ended }: Pick<Changed<unknown>, 'header' | 'ended'>,
): void {
  for (const { number, why } of ended) {
    if (why === 'claimed') continue
    events.emit('session.ended', {
      sessionId: sessionId(roster, number),
      subject: header?.subject,
      reason: why,
    })
  }
}

/** A session as it is now, for the application to hold. */
export function presentedNow(engine: Engine, found: Omit<Presented, 'settings' | 'checkedAt'>): Presented {
  const { roster, header, record, token, transport } = found
  return {
    roster,
    header,
    record,
    token,
    transport,
    settings: engine.settings,
    checkedAt: engine.environment.now(),
  }
}

/** The session under a secret that was just put, and the token that carries it. */
export function underSecret<Data, Attributes>(
  engine: Engine,
  found: Pick<Presented, 'roster' | 'header' | 'record' | 'transport'>,
  secret: string,
): { readonly session: Session<Data, Attributes>; readonly token: string } {
  const { roster, record, transport } = found
  const deployment = engine.watch.current
  if (deployment === undefined)
    throw new SystemError('STORE_UNAVAILABLE', 'The deployment is not open yet.', { retryable: true })
  const token = writeToken(
    engine.scope(deployment, transport),
    sessionId(roster, record.number),
    record.generation,
    secret,
  )
  return { session: new Session<Data, Attributes>(presentedNow(engine, { ...found, token })), token }
}
