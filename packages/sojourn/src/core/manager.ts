/**
 * The session manager: the engine's face. Everything a user of sessions can ask for is one method here, and each
 * is a few steps over the same parts: a pure rule (`rules/`), the line of writes (`writer.ts`), a token
 * (`token/`), a decision (`judge.ts`).
 *
 * What holds for all of them:
 *
 * - A check answers `valid`, `none` or `unavailable`; store trouble is never `none`.
 * - A change is applied to the live session or refused; it never brings one back.
 * - Expected refusals are values. Thrown are `InputError` (these values cannot work), `SystemError` (the store
 *   failed; over HTTP a 503) and, by revocations, `RevokeUncertain`.
 */
import {
  changeData,
  type ChangeResult,
  elevate,
  regenerationDue,
  regenerate,
  type RenewResult,
  setSubjectAttributes,
} from './changing/changes.ts'
import type { Delta } from './data/delta.ts'
import { type DeviceEntry, listDevices } from './devices/device-list.ts'
import { createEngine, opened } from './engine.ts'
import type { Environment } from './environment.ts'
import type { EventName, Listener, SessionEvents } from './events.ts'
import { createLiveSessions, type EndListener } from './ending/live.ts'
import type { Measure } from './measures.ts'
import type { ManagerOptions, Settings } from './policy/options.ts'
import type { PresentedToken } from './beginning/previous.ts'
import {
  eraseSubject,
  keepOnly,
  revokeAll,
  revokeEverything,
  revokeOthers,
  revokeSession,
  signOutHolder,
} from './ending/revocations.ts'
import type { AttributesAnswer } from './rules/attributes.ts'
import { type Session, presentedBy } from './session.ts'
import { applying, type Edit, editing } from './changing/session-data.ts'
import {
  type AnonymousStart,
  type Attempt,
  type Authentication,
  beginAttempt,
  deltaOf,
  signIn,
  type SignInOptions,
  type SignInResult,
  startAnonymous,
} from './beginning/sign-in.ts'
import { resignToken } from './token/token.ts'
import { createVerifier, type MaybePromise, type Verdict, type VerifyOptions } from './verdict/verify.ts'

export interface SessionManager<Data, Attributes extends object> {
  /**
   * Resolves when the store answers and belongs to this deployment. Await it at start, so that a wrong
   * configuration stops the process and not the first request.
   *
   * @throws SystemError `DEPLOYMENT_MISMATCH` and the store's own
   */
  ready(): Promise<void>

  /**
   * Checks a token. Synchronous when the store can answer at once. Never throws.
   *
   * @param transport how it came: the cookie's name, or `bearer`
   * **Cost**: at most one store read, no write; none for a token that this deployment did not sign. One more where the
   * store keeps copies and the copy is no ground for the answer.
   */
  verify(token: string, transport: string, options?: VerifyOptions): MaybePromise<Verdict<Data, Attributes>>

  /** Begins a sign-in, before credentials are checked: a revocation that comes after this refuses the sign-in. **Cost**: one read. */
  attempt(subject: string): Promise<Attempt>

  /**
   * A session with a new token. Given a subject instead of an attempt, the sign-in begins now. With `previous`,
   * the session that the client had ends and the listed data crosses.
   *
   * **Cost**: one read and one write, after an attempt too; with `previous` three reads and one write more, and one of
   * each after the grace.
   */
  signIn(
    who: string | Attempt,
    options?: SignInOptions<Data, Attributes>,
  ): Promise<SignInResult<Data, Attributes>>

  /** A session for a visitor. **Cost**: one write. */
  startAnonymous(
    options?: AnonymousStart<Data>,
  ): Promise<{ readonly session: Session<Data, Attributes>; readonly token: string }>

  /**
   * Changes data atomically: `edit` gets a copy of the live data, may change it or answer another, and may be
   * called again on a conflict. **Cost**: one read, one write.
   */
  update(session: Session<Data, Attributes>, edit: Edit<Data>): Promise<ChangeResult<Data, Attributes>>

  /**
   * A new token for the same session. By default the old one stays good for requests in flight, until the new one
   * is used, at most for the grace; `because: 'privilege'` ends it at once, and writes that were decided before are refused.
   */
  regenerate(
    session: Session<Data, Attributes>,
    options?: { readonly because?: 'age' | 'privilege' },
  ): Promise<RenewResult<Data, Attributes>>

  /** Records a new authentication on the session: new token, the old one dead at once, both timeouts start again. */
  elevate(
    session: Session<Data, Attributes>,
    authentication?: Authentication,
  ): Promise<RenewResult<Data, Attributes>>

  /** What all sessions of the subject share. Sessions become due for a new token. An older version is `stale`. */
  setSubjectAttributes(
    subject: string,
    attributes: { readonly version: number; readonly value: Attributes },
  ): Promise<AttributesAnswer>

  /** The live sessions of a subject, the last seen first. **Cost**: one read. */
  list(subject: string): Promise<readonly DeviceEntry[]>

  /** Ends this session. Idempotent. @throws RevokeUncertain */
  signOut(session: Session<Data, Attributes>): Promise<void>

  /** Ends one session by its id; false when there is none. @throws RevokeUncertain */
  revoke(sessionId: string): Promise<boolean>

  /** Ends all sessions of the subject but this one; how many, or `undefined` when this one is over. @throws RevokeUncertain */
  revokeOthers(session: Session<Data, Attributes>): Promise<number | undefined>

  /** Ends all sessions of a subject and its sign-ins in flight: one write of constant size. How many were live. @throws RevokeUncertain */
  revokeAll(subject: string): Promise<number>

  /**
   * Ends all sessions of all subjects in all realms: for this manager at once, in every other process within 5 s. It is also
   * the epoch step: call it after a store was restored from a backup, because nobody can know what was revoked
   * since. @throws RevokeUncertain
   */
  revokeEverything(): Promise<void>

  /**
   * To be called after a password or another factor was changed or removed: ends all sessions of the subject and
   * sign-ins in flight with the old credential. The one in `keep` goes on with a new token.
   *
   * @throws RevokeUncertain
   */
  credentialChanged(subject: string): Promise<undefined>
  credentialChanged(
    subject: string,
    options: { readonly keep: Session<Data, Attributes> },
  ): Promise<RenewResult<Data, Attributes>>

  /** Ends all sessions of a subject and removes its name, attributes and data from the store. @throws RevokeUncertain */
  eraseSubject(subject: string): Promise<void>

  /**
   * For connections that stay open: calls `listener` once, when the session has ended: at once when this process ended
   * it, within 5 s otherwise. The answer forgets it. A regenerated session goes on. While the store cannot be asked
   * nobody is told. **Cost**: one read for each such session every 4 s.
   */
  onEnd(session: Session<Data, Attributes>, listener: EndListener): () => void

  /** Calls `listener` for every event of that name; the answer removes it. A listener cannot fail a request. */
  on<Name extends EventName>(name: Name, listener: Listener<Name>): () => void

  /**
   * What these sessions and the parts of their store counted since the start, and what is so now. Names are listed in
   * docs/metrics.md; `sojourn/observe` hands them to Prometheus and OpenTelemetry. Never throws: a part that fails is
   * left out. **Cost**: no store call; some 100 µs.
   */
  measures(): readonly Measure[]

  /** Writes touches that wait, tries once more what is still to be revoked, then stops. Verification answers `unavailable` afterwards. The store stays open: it is yours. */
  close(): Promise<void>
}

/** What the transports use besides; not part of the public interface. */
export interface Internals<Data, Attributes extends object> {
  startAnonymousWith(
    delta: Delta,
    options: Omit<AnonymousStart<Data>, 'data'>,
  ): Promise<{ session: Session<Data, Attributes>; token: string }>
  apply(session: Session<Data, Attributes>, delta: Delta): Promise<ChangeResult<Data, Attributes>>
  regenerationDue(session: Session<Data, Attributes>): 'privilege' | 'age' | undefined
  /** Ends the session behind a genuine token, also while the store cannot be asked about it. @throws RevokeUncertain */
  signOutHolder(presented: PresentedToken): Promise<void>
  /** What `verify` in mode `strict` would say now of the secret that the session was shown with. Never throws. **Cost**: one read. */
  reverify(session: Session<Data, Attributes>): Promise<Verdict<Data, Attributes>>
  /** The session's token signed for another transport. */
  tokenFor(session: Session<Data, Attributes>, transport: string): string
  emit<Name extends EventName>(name: Name, event: SessionEvents[Name]): void
}

export function createManager<Data, Attributes extends object>(
  settings: Settings,
  parts: { readonly store: ManagerOptions<Data>['store']; readonly environment: Environment },
): { readonly manager: SessionManager<Data, Attributes>; readonly internals: Internals<Data, Attributes> } {
  let closed = false
  const engine = createEngine({ settings, ...parts, isClosed: () => closed })
  const live = createLiveSessions(engine)
  const verifier = createVerifier<Data, Attributes>(engine)

  async function credentialChanged(
    subject: string,
    options?: { readonly keep?: Session<Data, Attributes> },
  ): Promise<never> {
    const result =
      options?.keep === undefined
        ? void (await revokeAll(engine, subject, 'credential-changed'))
        : await keepOnly(engine, options.keep, subject)
    return result as never
  }

  const manager: SessionManager<Data, Attributes> = {
    async ready() {
      await opened(engine)
    },
    verify: (token, transport, options) => verifier.verify(token, transport, options),
    attempt: (subject) => beginAttempt(engine, subject),
    signIn: (who, options = {}) => signIn(engine, who, options),
    startAnonymous: ({ data, ...options } = {}) =>
      startAnonymous(engine, { ...options, delta: deltaOf(data) }),
    update: (session, edit) => changeData(engine, session, editing(settings, edit)),
    regenerate: (session, options = {}) => regenerate(engine, session, { because: options.because ?? 'age' }),
    elevate: (session, authentication = {}) => elevate(engine, session, authentication),
    setSubjectAttributes: (subject, attributes) => setSubjectAttributes(engine, subject, attributes),
    list: (subject) => listDevices(engine, subject),
    async signOut(session) {
      await revokeSession(engine, session.id, 'signed-out')
    },
    revoke: (id) => revokeSession(engine, id, 'revoked'),
    revokeOthers: (session) => revokeOthers(engine, session),
    revokeAll: (subject) => revokeAll(engine, subject, 'revoked-all'),
    revokeEverything: () => revokeEverything(engine),
    credentialChanged,
    eraseSubject: (subject) => eraseSubject(engine, subject),
    onEnd: (session, listener) => live.watch(session, listener),
    on: (name, listener) => engine.events.on(name, listener),
    measures: () => engine.measures.measures(),
    async close() {
      closed = true
      live.close()
      await engine.chores.flush()
      await engine.pending.close()
      await engine.writer.idle()
    },
  }
  const internals: Internals<Data, Attributes> = {
    startAnonymousWith: (delta, options) => startAnonymous(engine, { ...options, delta }),
    apply: (session, delta) => changeData(engine, session, applying(settings, delta)),
    signOutHolder: (presented) => signOutHolder(engine, presented),
    reverify: (session) => verifier.reverify(session),
    regenerationDue: (session) => regenerationDue(engine, session),
    tokenFor(session, transport) {
      const { token, transport: own } = presentedBy(session)
      const deployment = engine.watch.current
      return deployment === undefined || own === transport
        ? token
        : resignToken(engine.scope(deployment, transport), token)
    },
    emit: (name, event) => engine.events.emit(name, event),
  }
  return { manager, internals }
}
