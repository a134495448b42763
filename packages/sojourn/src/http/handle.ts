/**
 * One request's hold on its session: reads answer at once from what the check found, data changes are collected,
 * and `commit` writes them and says which headers the response needs. Adapters call `commit` before the response
 * leaves; nothing reaches the client before the store has it.
 *
 * Everything else (`signIn`, `elevate`, `revoke`, …) is done when it is called. One class and one file, because each
 * method works on the same few fields, one after another.
 */
import type { ChangeResult, NotChanged, RenewResult } from '../core/changing/changes.ts'
import { Delta } from '../core/data/delta.ts'
import type { Client } from '../core/devices/devices.ts'
import type { Duration } from '../core/policy/duration.ts'
import type { Environment } from '../core/environment.ts'
import { InputError, SystemError } from '../core/errors.ts'
import { ROSTER_KEY_LENGTH } from '../core/ids.ts'
import type { EndListener } from '../core/ending/live.ts'
import type { Internals, SessionManager } from '../core/manager.ts'
import { presentedBy, type Session } from '../core/session.ts'
import { type Edit, editedDelta } from '../core/changing/session-data.ts'
import type { Attempt, Authentication, SignInOptions, SignInResult } from '../core/beginning/sign-in.ts'
import type { Verdict } from '../core/verdict/verify.ts'
import { type CsrfBinding, type CsrfScope, isCsrfToken, newCsrfToken } from '../guard/csrf-token.ts'
import { BEARER } from '../transport/bearer.ts'
import { type Committed, FAILED, followedBy } from './committed.ts'
import { Delivery, type DeliveryParts, type Presentation, putHeaders } from './delivery.ts'
import type { Device, DeviceChange } from './devices.ts'
import type { Exchange } from './exchange.ts'
import type { WasRead } from './owed.ts'
import { type Problem, problem, problemOf } from './problem.ts'

export interface HandleParts<Data, Attributes extends object> extends DeliveryParts {
  readonly manager: SessionManager<Data, Attributes>
  readonly internals: Internals<Data, Attributes>
  readonly bearer: boolean
  readonly reauthenticateWithin: Duration | undefined
  readonly forms: { readonly scope: CsrfScope; readonly environment: Environment }
}

export interface HandleSignIn<Data, Attributes>
  extends Omit<SignInOptions<Data, Attributes>, 'previous' | 'transport'> {
  /** How the client will carry the token. Default: as it presented one, else in a cookie where cookies are on. */
  readonly deliver?: 'cookie' | 'bearer'
}

interface Check<Data, Attributes> {
  readonly presented: Presentation
  readonly verdict: Verdict<Data, Attributes>
  /** The request is a write from another site. */
  readonly barred: boolean
}

export class SessionHandle<
  Data = Record<string, unknown>,
  Attributes extends object = Record<string, unknown>,
> {
  readonly #parts: HandleParts<Data, Attributes>
  readonly #exchange: Exchange
  readonly #presented: Presentation
  #made: Delivery | undefined
  readonly #barred: boolean
  #verdict: Verdict<Data, Attributes>
  #delta: Delta | undefined
  #read: WasRead = 'nothing'
  #finished = false
  /** What is done on this handle is done one after another, in the order of the calls. */
  #turn: Promise<unknown> | undefined
  #waiting = 0

  /** Made by `sessions.open` only. */
  constructor(parts: HandleParts<Data, Attributes>, exchange: Exchange, check: Check<Data, Attributes>) {
    this.#parts = parts
    this.#exchange = exchange
    this.#presented = check.presented
    this.#barred = check.barred
    this.#verdict = check.verdict
    if (check.verdict.kind === 'valid') this.#prepare(check.verdict)
  }

  /** Most requests only read, and have nothing to deliver. */
  get #delivery(): Delivery {
    this.#made ??= new Delivery(this.#parts, this.#exchange, {
      presented: this.#presented,
      barred: this.#barred,
    })
    return this.#made
  }

  /** `valid`, `none` with the reason, or `unavailable`. Later calls on this handle change it. */
  get verdict(): Verdict<Data, Attributes> {
    this.#noteRead()
    return this.#verdict
  }

  /** The 403 to answer a write that came from another site's page; `undefined` otherwise. Such a handle has no session and begins none. */
  get refused(): Problem | undefined {
    return this.#barred ? problem('cross_site_request') : undefined
  }

  /** The 503 to answer when nobody can know whether there is a session; `undefined` otherwise. */
  get unavailable(): Problem | undefined {
    return this.#verdict.kind === 'unavailable'
      ? problem('temporarily_unavailable', this.#verdict.retryAfter)
      : undefined
  }

  /** What was seen of the session: one that is there makes the response private, its absence makes it vary by cookie. */
  get wasRead(): WasRead {
    return this.#read
  }

  /** The session, or `undefined` when there is none. @throws SystemError `STORE_UNAVAILABLE` when nobody can know */
  get session(): Session<Data, Attributes> | undefined {
    this.#noteRead()
    if (this.#verdict.kind === 'unavailable') throw unavailable()
    return this.#verdict.kind === 'valid' ? this.#verdict.session : undefined
  }

  get id(): string | undefined {
    return this.session?.id
  }

  /** The user id; `undefined` for a visitor. */
  get subject(): string | undefined {
    return this.session?.subject
  }

  /** The data as it was when the request began, without what this request has not committed yet. */
  get data(): Readonly<Partial<Data>> {
    return this.session?.data ?? ({} as Readonly<Partial<Data>>)
  }

  get attributes(): Readonly<Partial<Attributes>> {
    return this.session?.attributes ?? ({} as Readonly<Partial<Attributes>>)
  }

  /**
   * Checks the session again in mode `strict`, for what must not rest on a copy or on the time since the request began:
   * a payment, a change of password. From then on the handle says what was found. Changes that were collected for a
   * session that is over are dropped. Never throws. **Cost**: one read; none where there was no session.
   */
  async reverify(): Promise<Verdict<Data, Attributes>> {
    return await this.#inTurn(async () => {
      await this.#reverify()
      return this.verdict
    })
  }

  /** @see Session.meets */
  meets(need: { readonly aal?: 1 | 2 | 3; readonly within?: Duration }): boolean {
    return this.session?.meets(need) ?? false
  }

  /**
   * Sets one key when the response is committed. A visitor's first data makes an anonymous session.
   *
   * @throws InputError `DATA_NOT_JSON`; `NO_SESSION` for a bearer client without session, which cannot be handed one unasked
   */
  set<Key extends keyof Data & string>(key: Key, value: Data[Key]): void {
    this.#change((delta) => delta.set(key, value))
  }

  /** Removes one key when the response is committed. */
  unset(key: keyof Data & string): void {
    this.#change((delta) => delta.unset(key))
  }

  /** Adds to a number when the response is committed; parallel increments all count. */
  increment(key: keyof Data & string, by = 1): void {
    this.#change((delta) => delta.increment(key, by))
  }

  /**
   * Changes data atomically and now. `edit` gets a copy of the live data, changes it or answers another, and may be
   * called again on a conflict. `ended` also when a visitor has no session and `edit` leaves nothing to store.
   */
  async update(edit: Edit<Data>): Promise<ChangeResult<Data, Attributes>> {
    return await this.#inTurn(async () => {
      const refused = await this.#flush()
      if (refused !== undefined) return refused
      if (isReplaced(this.#verdict)) return { kind: 'superseded' }
      const session = this.session
      if (session === undefined) return (await this.#beginWith(editedDelta({}, edit))) ?? { kind: 'ended' }
      const result = await this.#parts.manager.update(session, edit)
      if (result.kind === 'changed')
        this.#verdict = { kind: 'valid', session: result.session, renewed: undefined }
      return result
    })
  }

  /** @see SessionManager.attempt */
  async attempt(subject: string): Promise<Attempt> {
    return await this.#parts.manager.attempt(subject)
  }

  /** @see SessionManager.signIn. The device comes from the request; the session that it came with ends. */
  async signIn(
    who: string | Attempt,
    { deliver, ...options }: HandleSignIn<Data, Attributes> = {},
  ): Promise<SignInResult<Data, Attributes>> {
    const transport = this.#transportFor(deliver)
    this.#mustReachClient(transport)
    return await this.#inTurn(async () => {
      await this.#flush()
      const previous = this.#delivery.current
      const device = { ...this.#client(), ...options.device }
      const result = await this.#parts.manager.signIn(who, { ...options, previous, transport, device })
      if (result.kind === 'signed-in') {
        this.#delivery.transport = transport
        this.#become(result)
      }
      return result
    })
  }

  /**
   * Ends the session and removes the cookie. Succeeds when there is none. A token that was replaced meanwhile ends
   * nothing and leaves the cookie, which is another one by now. @throws RevokeUncertain
   */
  async signOut(): Promise<void> {
    await this.#inTurn(() => this.#signOut())
  }

  /** @see SessionManager.elevate */
  async elevate(authentication: Authentication = {}): Promise<RenewResult<Data, Attributes>> {
    return await this.#renewWith((session) => this.#parts.manager.elevate(session, authentication))
  }

  /** @see SessionManager.regenerate */
  async regenerate(
    options: { readonly because?: 'age' | 'privilege' } = {},
  ): Promise<RenewResult<Data, Attributes>> {
    return await this.#renewWith((session) => this.#parts.manager.regenerate(session, options))
  }

  /** Ends the subject's other sessions and its sign-ins in flight after a credential was changed; this one goes on. */
  async credentialChanged(): Promise<RenewResult<Data, Attributes>> {
    return await this.#renewWith((session) => {
      const { subject } = session
      if (subject === undefined)
        throw new InputError('NO_SESSION', 'A visitor has no credential to change. Sign in first.')
      return this.#parts.manager.credentialChanged(subject, { keep: session })
    })
  }

  /** The user's sessions, the last seen first; empty for a visitor. */
  async devices(): Promise<readonly Device[]> {
    const { subject, id } = this
    if (subject === undefined) return []
    return (await this.#parts.manager.list(subject)).map((entry) => ({ ...entry, current: entry.id === id }))
  }

  /** Ends one session of this user. The request's own needs no recent password. @throws RevokeUncertain */
  async revoke(id: string): Promise<DeviceChange> {
    return await this.#endingDevices(async (session) => {
      if (!isOfSameRoster(id, session.id)) return { kind: 'not-found' }
      if (id === session.id) {
        await this.#signOut()
        return { kind: 'done', ended: 1 }
      }
      if (!this.#mayEndOthers(session)) return { kind: 'reauthenticate' }
      return (await this.#parts.manager.revoke(id)) ? { kind: 'done', ended: 1 } : { kind: 'not-found' }
    })
  }

  /** Ends the user's other sessions, and sign-ins in flight. @throws RevokeUncertain */
  async revokeOthers(): Promise<DeviceChange> {
    return await this.#endingDevices(async (session) => {
      if (!this.#mayEndOthers(session)) return { kind: 'reauthenticate' }
      const ended = await this.#parts.manager.revokeOthers(session)
      return ended === undefined ? { kind: 'not-found' } : { kind: 'done', ended }
    })
  }

  /** Ends all of the user's sessions, this one too. @throws RevokeUncertain */
  async revokeAll(): Promise<DeviceChange> {
    return await this.#endingDevices(async (session, subject) => {
      if (!this.#mayEndOthers(session)) return { kind: 'reauthenticate' }
      const ended = await this.#parts.manager.revokeAll(subject)
      this.#delta = undefined
      this.#leave()
      return { kind: 'done', ended }
    })
  }

  /**
   * A token for a form of this page, or for a header that its script sends; another one at every call, good until
   * the privilege changes. **Cost**: one HMAC. @throws SystemError `STORE_UNAVAILABLE`
   */
  csrfToken(): string {
    const { scope, environment } = this.#parts.forms
    return newCsrfToken(scope, environment, this.#csrfBinding())
  }

  /** The token as a hidden field named `_csrf`, ready to stand inside a form. */
  csrfField(): string {
    return `<input type="hidden" name="_csrf" value="${this.csrfToken()}">`
  }

  /** Whether what came back is a token of this session. @throws SystemError `STORE_UNAVAILABLE` */
  isCsrfToken(text: unknown): boolean {
    return isCsrfToken(this.#parts.forms.scope, text, this.#csrfBinding())
  }

  /** Tells a connection that stays open when its session has ended. @see SessionManager.onEnd @throws InputError `NO_SESSION` */
  onEnd(listener: EndListener): () => void {
    const { session } = this
    if (session === undefined)
      throw new InputError(
        'NO_SESSION',
        'There is no session whose end could be told. Check `session` first.',
      )
    return this.#parts.manager.onEnd(session, listener)
  }

  /** Whether `commit` has anything to write or to send, now or when what is under way has been done. */
  get isChanged(): boolean {
    return this.#delta !== undefined || this.#made?.isPending === true || this.#waiting > 0
  }

  /** Forgets the data changes that were collected and not committed: the request failed. */
  discard(): void {
    this.#delta = undefined
  }

  /**
   * Writes what is to be written and answers the response's headers; given `headers`, puts them there. To be called
   * before the response leaves, and again if more is changed afterwards. Never throws.
   */
  async commit(headers?: Headers): Promise<Committed> {
    const outcome = await this.#inTurn(() => this.#commit())
    if (headers !== undefined) putHeaders(headers, outcome.headers)
    return outcome
  }

  /**
   * For adapters that have the whole response before it leaves: commits until nothing more has changed, then `finish`.
   * Never throws.
   *
   * @param status the response's; from 500 on it keeps no data changes
   */
  async settle(status: number): Promise<Committed> {
    const next = async (): Promise<Committed> => {
      if (status >= FAILED) this.discard()
      return await this.commit()
    }
    let outcome = await next()
    while (outcome.kind === 'committed' && this.isChanged) outcome = followedBy(outcome, await next())
    this.finish()
    return outcome
  }

  /** The response is on its way: from now on a change that it would have to wait for throws `HEADERS_SENT`. */
  finish(): void {
    this.#finished = true
  }

  async #commit(): Promise<Committed> {
    try {
      const refused = await this.#flush()
      if (refused === undefined) await this.#renewIfDue()
      const headers = this.#delivery.take()
      if (refused === undefined) return { kind: 'committed', headers }
      return { kind: 'refused', reason: refused.kind, problem: problem('invalid_session'), headers }
    } catch (error) {
      const answer = problemOf(error) ?? problem('internal_error')
      const headers = this.#delivery.take()
      return error instanceof SystemError
        ? { kind: 'unavailable', problem: answer, headers }
        : { kind: 'failed', error, problem: answer, headers }
    }
  }

  /** Writes the collected changes; answers why not when the session is over. */
  async #flush(): Promise<NotChanged | undefined> {
    const delta = this.#delta
    if (delta === undefined) return undefined
    if (isReplaced(this.#verdict)) {
      this.#delta = undefined
      return { kind: 'superseded' }
    }
    const session = this.session
    // What is set while this is being written belongs to the next flush; what fails is not tried again in silence.
    this.#delta = undefined
    const result =
      session === undefined ? await this.#beginWith(delta) : await this.#parts.internals.apply(session, delta)
    if (result === undefined) return undefined
    if (result.kind !== 'changed') return result
    this.#verdict = { kind: 'valid', session: result.session, renewed: undefined }
    return undefined
  }

  /** `undefined`: there is nothing to store, so nothing begins. */
  async #beginWith(
    delta: Delta,
  ): Promise<(ChangeResult<Data, Attributes> & { kind: 'changed' }) | undefined> {
    if (delta.leavesNothing) return undefined
    this.#mayBegin()
    const { transport } = this.#delivery
    const begun = await this.#parts.internals.startAnonymousWith(delta, { transport, device: this.#client() })
    this.#become(begun)
    return { kind: 'changed', session: begun.session }
  }

  async #reverify(): Promise<void> {
    const { manager, internals } = this.#parts
    const before = this.#verdict
    if (before.kind === 'none') return
    if (before.kind === 'valid') this.#verdict = await internals.reverify(before.session)
    else {
      const { token, transport } = this.#presented
      this.#verdict = await manager.verify(token, transport, { mode: 'strict' })
      if (this.#verdict.kind === 'valid') this.#prepare(this.#verdict)
    }
    // Or they would begin a visitor's session.
    if (this.#verdict.kind === 'none') this.#delta = undefined
  }

  async #signOut(): Promise<void> {
    const verdict = this.#verdict
    this.#delta = undefined
    if (isReplaced(verdict)) return
    if (verdict.kind === 'valid') await this.#parts.manager.signOut(verdict.session)
    if (verdict.kind === 'unavailable') await this.#parts.internals.signOutHolder(this.#presented)
    this.#leave()
  }

  async #endingDevices(
    end: (session: Session<Data, Attributes>, subject: string) => Promise<DeviceChange>,
  ): Promise<DeviceChange> {
    return await this.#inTurn(async () => {
      const session = this.session
      return session?.subject === undefined ? { kind: 'not-found' } : await end(session, session.subject)
    })
  }

  async #renewWith(
    renew: (session: Session<Data, Attributes>) => Promise<RenewResult<Data, Attributes>>,
  ): Promise<RenewResult<Data, Attributes>> {
    this.#mustReachClient()
    return await this.#inTurn(async () => {
      await this.#flush()
      const session = this.session
      if (session === undefined) return { kind: 'ended' }
      const result = await renew(session)
      if (result.kind === 'changed') this.#become(result)
      return result
    })
  }

  /** A new secret that is due for reasons of age or of changed roles, when this response can carry it and the store is well. */
  async #renewIfDue(): Promise<void> {
    const { manager, internals } = this.#parts
    const { transport, isPending } = this.#delivery
    if (this.#verdict.kind !== 'valid' || isPending || this.#finished || transport === BEARER) return
    const because = internals.regenerationDue(this.#verdict.session)
    if (because === undefined || !this.#delivery.canReachClient()) return
    try {
      const result = await manager.regenerate(this.#verdict.session, { because })
      if (result.kind === 'changed') this.#become(result)
    } catch (error) {
      if (!(error instanceof SystemError)) throw error
    }
  }

  /** A change that throws leaves nothing behind. */
  #change(collect: (delta: Delta) => void): void {
    if (this.#verdict.kind === 'unavailable') throw unavailable()
    if (this.#finished || this.#exchange.isOver()) throw headersSent()
    if (this.#verdict.kind === 'none' && !isReplaced(this.#verdict)) this.#mayBegin()
    const delta = this.#delta ?? new Delta()
    collect(delta)
    this.#delta = delta
    this.#exchange.onChange()
  }

  async #inTurn<T>(step: () => Promise<T>): Promise<T> {
    this.#waiting++
    const run = (this.#turn === undefined ? step() : this.#turn.then(step)).finally(() => this.#waiting--)
    this.#turn = run.catch(() => undefined)
    return await run
  }

  #mayBegin(): void {
    if (this.#delivery.transport === BEARER) {
      throw new InputError(
        'NO_SESSION',
        'A bearer client without session cannot be handed one unasked. Call sessions.startAnonymous and send it the token.',
      )
    }
    this.#mustReachClient()
  }

  /** @throws InputError `HEADERS_SENT`, `INSECURE_REQUEST`, `CROSS_SITE_REQUEST` */
  #mustReachClient(transport: string = this.#delivery.transport): void {
    if (this.#finished && transport !== BEARER) throw headersSent()
    this.#delivery.mustReachClient(transport)
  }

  /** A token that the check renewed goes out with this response, if it still can. */
  #prepare({ session, renewed }: Verdict<Data, Attributes> & { kind: 'valid' }): void {
    const { transport } = this.#presented
    if (transport === BEARER) return
    const isRenewed = renewed !== undefined || transport !== this.#parts.cookie?.name
    // Asked last: it reads headers, and few requests have anything to be given.
    if (!isRenewed && this.#parts.internals.regenerationDue(session) === undefined) return
    if (!this.#delivery.canReachClient()) return
    if (isRenewed)
      this.#delivery.give(session, this.#parts.internals.tokenFor(session, this.#delivery.transport))
    else this.#exchange.onChange()
  }

  #become({ session }: { readonly session: Session<Data, Attributes> }): void {
    this.#verdict = { kind: 'valid', session, renewed: undefined }
    this.#delivery.give(session, this.#parts.internals.tokenFor(session, this.#delivery.transport))
  }

  #leave(): void {
    this.#verdict = { kind: 'none', reason: 'absent' }
    this.#delivery.clear()
  }

  /** @throws InputError `OPTION_INVALID` when that transport is switched off */
  #transportFor(deliver: 'cookie' | 'bearer' | undefined): string {
    const { bearer, cookie } = this.#parts
    if (deliver === undefined) return this.#delivery.transport
    const name = deliver === 'cookie' ? cookie?.name : bearer ? BEARER : undefined
    if (name !== undefined) return name
    throw new InputError(
      'OPTION_INVALID',
      `deliver: '${deliver}' is not among the transports of these sessions. Set \`transport\` to '${deliver}' or 'both'.`,
    )
  }

  #mayEndOthers(session: Session<Data, Attributes>): boolean {
    const within = this.#parts.reauthenticateWithin
    return within === undefined || session.meets({ within })
  }

  #csrfBinding(): CsrfBinding | undefined {
    const { session } = this
    return session === undefined
      ? undefined
      : { id: session.id, privilege: presentedBy(session).record.privilege }
  }

  #client(): Client {
    return { userAgent: this.#exchange.header('user-agent'), address: this.#delivery.client().address }
  }

  #noteRead(): void {
    const seen = this.#verdict.kind === 'none' ? 'absence' : 'session'
    if (this.#read === 'session' || this.#read === seen) return
    if (seen === 'absence' && this.#parts.cookie === undefined) return
    this.#read = seen
    this.#exchange.onRead(seen)
  }
}

/** The client has, or is about to be given, a newer token: nothing that this request does may touch its cookie. */
function isReplaced(verdict: Verdict<never, never> | Verdict<unknown, unknown>): boolean {
  return verdict.kind === 'none' && (verdict.reason === 'superseded' || verdict.reason === 'claimed')
}

function isOfSameRoster(id: unknown, own: string): boolean {
  return typeof id === 'string' && id.slice(0, ROSTER_KEY_LENGTH) === own.slice(0, ROSTER_KEY_LENGTH)
}

function headersSent(): InputError {
  return new InputError(
    'HEADERS_SENT',
    'The response is on its way, and nothing waits for this change. Make it before, or use `update`.',
  )
}

function unavailable(): SystemError {
  return new SystemError(
    'STORE_UNAVAILABLE',
    'The session cannot be checked at the moment. Answer 503 and keep the cookie.',
    { retryable: true },
  )
}
