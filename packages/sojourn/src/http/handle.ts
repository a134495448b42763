/**
 * One request's hold on its session: reads answer at once from what the check found, data changes are collected,
 * and `commit` writes them and says which headers the response needs. Adapters call `commit` before the response
 * leaves; nothing reaches the client before the store has it.
 */
import { Delta, deltaBetween } from '../core/data/delta.ts'
import type { DeviceEntry } from '../core/device-list.ts'
import type { Client } from '../core/devices.ts'
import { InputError, SystemError } from '../core/errors.ts'
import { ROSTER_KEY_LENGTH } from '../core/ids.ts'
import type { ChangeResult, NotChanged, RenewResult } from '../core/changes.ts'
import type { Internals, SessionManager } from '../core/manager.ts'
import type { Session } from '../core/session.ts'
import type { Attempt, Authentication, SignInOptions, SignInResult } from '../core/sign-in.ts'
import type { Verdict } from '../core/verify.ts'
import { BEARER } from '../transport/bearer.ts'
import { clearedCookie, type CookieSettings, tokenCookie } from '../transport/cookie.ts'
import type { Exchange } from './exchange.ts'
import { type Problem, problem, problemOf } from './problem.ts'
import type { Duration } from '../core/duration.ts'

export interface HandleParts<Data, Attributes extends object> {
  readonly manager: SessionManager<Data, Attributes> & Internals<Data, Attributes>
  /** `undefined`: no cookies, bearer tokens only. */
  readonly cookie: CookieSettings | undefined
  readonly bearer: boolean
  readonly reauthenticateWithin: Duration | undefined
}

/** How the client presented a token, or would be given one. */
export interface Presentation {
  readonly transport: string
  /** Empty when nothing, or nothing usable, was presented. */
  readonly token: string
}

export type ResponseHeaders = readonly (readonly [name: string, value: string])[]

/** What a handle's `commit` came to. */
export type Committed =
  | { readonly kind: 'committed'; readonly headers: ResponseHeaders }
  /** The session ended while the request ran; none of its changes were stored. Answer `problem`. */
  | { readonly kind: 'refused'; readonly reason: 'ended' | 'superseded'; readonly problem: Problem }
  /** The store failed. Answer `problem` (503) and leave the cookie alone. */
  | { readonly kind: 'unavailable'; readonly problem: Problem }

/** The answer to ending sessions other than one's own. */
export type DeviceChange =
  | { readonly kind: 'done'; readonly ended: number }
  /** Ask for the password, call `elevate`, then try again. */
  | { readonly kind: 'reauthenticate' }
  /** No such session of this user, or the request's own session is over. */
  | { readonly kind: 'not-found' }

export interface Device extends DeviceEntry {
  /** The session of this request. */
  readonly current: boolean
}

export interface HandleSignIn<Data, Attributes>
  extends Omit<SignInOptions<Data, Attributes>, 'previous' | 'transport'> {
  /** How the client will carry the token. Default: as it presented one, else in a cookie where cookies are on. */
  readonly deliver?: 'cookie' | 'bearer'
}

type Outgoing<Data, Attributes> =
  | 'nothing'
  | 'clear'
  | { readonly session: Session<Data, Attributes>; readonly token: string }

export class SessionHandle<Data, Attributes extends object> {
  readonly #parts: HandleParts<Data, Attributes>
  readonly #exchange: Exchange
  readonly #presented: Presentation
  #verdict: Verdict<Data, Attributes>
  /** How the client is given tokens: the cookie's present name, or `bearer`. */
  #delivery: string
  #delta: Delta | undefined
  #outgoing: Outgoing<Data, Attributes> = 'nothing'
  #read = false

  /** Made by `sessions.open` only. */
  constructor(
    parts: HandleParts<Data, Attributes>,
    exchange: Exchange,
    check: { readonly presented: Presentation; readonly verdict: Verdict<Data, Attributes> },
  ) {
    this.#parts = parts
    this.#exchange = exchange
    this.#presented = check.presented
    this.#verdict = check.verdict
    this.#delivery = check.presented.transport === BEARER ? BEARER : (parts.cookie?.name ?? BEARER)
    if (check.verdict.kind === 'valid') this.#hand(check.verdict)
  }

  /** `valid`, `none` with the reason, or `unavailable`. Later calls on this handle change it. */
  get verdict(): Verdict<Data, Attributes> {
    this.#noteRead()
    return this.#verdict
  }

  /** The 503 to answer when nobody can know whether there is a session; `undefined` otherwise. */
  get unavailable(): Problem | undefined {
    return this.#verdict.kind === 'unavailable'
      ? problem('temporarily_unavailable', this.#verdict.retryAfter)
      : undefined
  }

  /** Whether the session was looked at, which makes the response private. */
  get wasRead(): boolean {
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

  /** The data as it was when the request began, with what this request has not committed yet left out. */
  get data(): Readonly<Partial<Data>> {
    return this.session?.data ?? ({} as Readonly<Partial<Data>>)
  }

  get attributes(): Readonly<Partial<Attributes>> {
    return this.session?.attributes ?? ({} as Readonly<Partial<Attributes>>)
  }

  /** @see Session.meets */
  meets(need: { readonly aal?: 1 | 2 | 3; readonly within?: Duration }): boolean {
    return this.session?.meets(need) ?? false
  }

  /** Sets one key when the response is committed. A visitor's first data makes an anonymous session. @throws InputError `DATA_NOT_JSON` */
  set<Key extends keyof Data & string>(key: Key, value: Data[Key]): void {
    this.#changes().set(key, value)
  }

  /** Removes one key when the response is committed. */
  unset(key: keyof Data & string): void {
    if (this.#verdict.kind !== 'none' || this.#delta !== undefined) this.#changes().unset(key)
  }

  /** Adds to a number when the response is committed; parallel increments all count. */
  increment(key: keyof Data & string, by = 1): void {
    this.#changes().increment(key, by)
  }

  /** Changes data atomically and now. `edit` gets a copy of the live data and may be called again on a conflict. */
  async update(
    edit: (data: Partial<Data>) => Partial<Data> | undefined | void,
  ): Promise<ChangeResult<Data, Attributes>> {
    const flushed = await this.#flush()
    if (flushed !== undefined) return flushed
    const session = this.session
    if (session === undefined) return await this.#startWith(edit)
    const result = await this.#parts.manager.update(session, edit)
    if (result.kind === 'changed')
      this.#verdict = { kind: 'valid', session: result.session, renewed: undefined }
    return result
  }

  /** @see SessionManager.signIn. The device comes from the request; the session that it came with ends. */
  async signIn(
    who: string | Attempt,
    { deliver, ...options }: HandleSignIn<Data, Attributes> = {},
  ): Promise<SignInResult<Data, Attributes>> {
    if (deliver !== undefined) this.#delivery = this.#transportFor(deliver)
    this.#mustReachClient()
    await this.#flush()
    const previous = this.#given() ?? (this.#presented.token === '' ? undefined : this.#presented)
    const device = { ...this.#client(), ...options.device }
    const result = await this.#parts.manager.signIn(who, {
      ...options,
      previous,
      transport: this.#delivery,
      device,
    })
    if (result.kind === 'signed-in') this.#become(result)
    return result
  }

  /** Ends the session and removes the cookie. Succeeds when there is none. @throws RevokeUncertain */
  async signOut(): Promise<void> {
    const session = this.session
    this.#delta = undefined
    if (session !== undefined) await this.#parts.manager.signOut(session)
    this.#leave()
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
    return await this.#renewWith((session) =>
      this.#parts.manager.credentialChanged(mustHaveSubject(session), { keep: session }),
    )
  }

  /** The user's sessions, the last seen first; empty for a visitor. */
  async devices(): Promise<readonly Device[]> {
    const { subject, id } = this
    if (subject === undefined) return []
    return (await this.#parts.manager.list(subject)).map((entry) => ({ ...entry, current: entry.id === id }))
  }

  /** Ends one session of this user. The request's own needs no recent password. @throws RevokeUncertain */
  async revoke(id: string): Promise<DeviceChange> {
    const session = this.session
    if (
      session?.subject === undefined ||
      id.slice(0, ROSTER_KEY_LENGTH) !== session.id.slice(0, ROSTER_KEY_LENGTH)
    )
      return { kind: 'not-found' }
    if (id === session.id) {
      await this.signOut()
      return { kind: 'done', ended: 1 }
    }
    if (!this.#mayEndOthers(session)) return { kind: 'reauthenticate' }
    return (await this.#parts.manager.revoke(id)) ? { kind: 'done', ended: 1 } : { kind: 'not-found' }
  }

  /** Ends the user's other sessions. @throws RevokeUncertain */
  async revokeOthers(): Promise<DeviceChange> {
    const session = this.session
    if (session?.subject === undefined) return { kind: 'not-found' }
    if (!this.#mayEndOthers(session)) return { kind: 'reauthenticate' }
    const ended = await this.#parts.manager.revokeOthers(session)
    return ended === undefined ? { kind: 'not-found' } : { kind: 'done', ended }
  }

  /** Ends all of the user's sessions, this one too. @throws RevokeUncertain */
  async revokeAll(): Promise<DeviceChange> {
    const session = this.session
    if (session?.subject === undefined) return { kind: 'not-found' }
    if (!this.#mayEndOthers(session)) return { kind: 'reauthenticate' }
    const ended = (await this.devices()).length
    await this.#parts.manager.revokeAll(session.subject)
    this.#delta = undefined
    this.#leave()
    return { kind: 'done', ended }
  }

  /** Whether `commit` has anything to write or to send. */
  get isChanged(): boolean {
    return this.#delta !== undefined || this.#outgoing !== 'nothing'
  }

  /**
   * Writes what is to be written and answers the response's headers; given `headers`, puts them there. To be called
   * once, before the response leaves. Calling it again after more changes is fine.
   *
   * @throws InputError `DATA_TOO_LARGE`, `DATA_INVALID`, `DATA_NOT_A_NUMBER`, `INSECURE_REQUEST`, `HEADERS_SENT`
   */
  async commit(headers?: Headers): Promise<Committed> {
    try {
      const refused = await this.#flush()
      if (refused !== undefined)
        return { kind: 'refused', reason: refused.kind, problem: problem('invalid_session') }
      await this.#renewIfDue()
      const lines = this.#headers()
      if (headers !== undefined) putHeaders(headers, lines)
      return { kind: 'committed', headers: lines }
    } catch (error) {
      const answer = error instanceof SystemError ? problemOf(error) : undefined
      if (answer === undefined) throw error
      return { kind: 'unavailable', problem: answer }
    }
  }

  /** Writes the collected changes; answers why not when the session is over. */
  async #flush(): Promise<NotChanged | undefined> {
    const delta = this.#delta
    if (delta === undefined) return undefined
    const { manager } = this.#parts
    const session = this.session
    if (session === undefined) {
      this.#mustReachClient()
      this.#become(
        await manager.startAnonymousWith(delta, { transport: this.#delivery, device: this.#client() }),
      )
      this.#delta = undefined
      return undefined
    }
    const result = await manager.apply(session, delta)
    this.#delta = undefined
    if (result.kind !== 'changed') return result
    this.#verdict = { kind: 'valid', session: result.session, renewed: undefined }
    return undefined
  }

  async #startWith(
    edit: (data: Partial<Data>) => Partial<Data> | undefined | void,
  ): Promise<ChangeResult<Data, Attributes>> {
    const draft: Partial<Data> = {}
    const delta = deltaBetween({}, edit(draft) ?? draft)
    if (delta.size === 0) return { kind: 'ended' }
    this.#delta = delta
    await this.#flush()
    const session = this.session
    return session === undefined ? { kind: 'ended' } : { kind: 'changed', session }
  }

  async #renewWith(
    renew: (session: Session<Data, Attributes>) => Promise<RenewResult<Data, Attributes>>,
  ): Promise<RenewResult<Data, Attributes>> {
    this.#mustReachClient()
    const refused = await this.#flush()
    const session = this.session
    if (refused !== undefined || session === undefined) return refused ?? { kind: 'ended' }
    const result = await renew(session)
    if (result.kind === 'changed') this.#become(result)
    return result
  }

  /** A new secret that is due for reasons of age or of changed roles, when this response can carry it. */
  async #renewIfDue(): Promise<void> {
    if (
      this.#verdict.kind !== 'valid' ||
      this.#outgoing !== 'nothing' ||
      this.#delivery === BEARER ||
      !this.#canReachClient()
    )
      return
    if (!this.#parts.manager.isRegenerationDue(this.#verdict.session)) return
    const result = await this.#parts.manager.regenerate(this.#verdict.session)
    if (result.kind === 'changed') this.#become(result)
  }

  #changes(): Delta {
    if (this.#verdict.kind === 'unavailable') throw unavailable()
    if (this.#verdict.kind === 'none') this.#mustReachClient()
    this.#delta ??= new Delta()
    this.#exchange.onChange()
    return this.#delta
  }

  /** A token that the check renewed goes out with this response, if it still can. */
  #hand(verdict: Verdict<Data, Attributes> & { kind: 'valid' }): void {
    const { cookie, manager } = this.#parts
    const { transport } = this.#presented
    if (
      transport === BEARER ||
      cookie === undefined ||
      !(
        verdict.renewed !== undefined ||
        transport !== cookie.name ||
        manager.isRegenerationDue(verdict.session)
      )
    )
      return
    if (!this.#canReachClient()) return
    if (verdict.renewed !== undefined || transport !== cookie.name) {
      this.#outgoing = { session: verdict.session, token: manager.tokenFor(verdict.session, cookie.name) }
    }
    this.#exchange.onChange()
  }

  #become({ session, token }: { readonly session: Session<Data, Attributes>; readonly token: string }): void {
    this.#verdict = { kind: 'valid', session, renewed: undefined }
    if (this.#delivery === BEARER) return
    const ours = this.#presented.transport === this.#delivery
    this.#outgoing = { session, token: ours ? token : this.#parts.manager.tokenFor(session, this.#delivery) }
    this.#exchange.onChange()
  }

  #leave(): void {
    this.#verdict = { kind: 'none', reason: 'absent' }
    if (this.#delivery === BEARER) return
    this.#outgoing = 'clear'
    this.#exchange.onChange()
  }

  /** The token that this response will set takes the place of the one that came. */
  #given(): Presentation | undefined {
    return typeof this.#outgoing === 'object'
      ? { token: this.#outgoing.token, transport: this.#parts.cookie?.name ?? BEARER }
      : undefined
  }

  #headers(): ResponseHeaders {
    const { cookie } = this.#parts
    if (cookie === undefined || this.#outgoing === 'nothing') return []
    const former = cookie.acceptNames.includes(this.#presented.transport) ? [this.#presented.transport] : []
    const cleared = (this.#outgoing === 'clear' ? [cookie.name, ...former] : former).map((name) =>
      clearedCookie(cookie, name),
    )
    const set =
      typeof this.#outgoing === 'object'
        ? [tokenCookie(cookie, this.#outgoing.token, this.#maxAgeMs(this.#outgoing.session))]
        : []
    this.#outgoing = 'nothing'
    return [
      ...[...set, ...cleared].map((line) => ['set-cookie', line] as const),
      ['cache-control', 'no-store'],
      ['vary', 'Cookie'],
    ]
  }

  #maxAgeMs(session: Session<Data, Attributes>): number | undefined {
    return session.lifetime === 'remember' ? session.absoluteDeadline - session.seenAt : undefined
  }

  #canReachClient(): boolean {
    if (this.#exchange.headersSent()) return false
    const connection = this.#exchange.connection()
    return connection === 'https' || connection === 'loopback'
  }

  #mustReachClient(): void {
    if (this.#verdict.kind === 'unavailable') throw unavailable()
    if (this.#delivery === BEARER || this.#canReachClient()) return
    if (this.#exchange.headersSent())
      throw new InputError(
        'HEADERS_SENT',
        'The response has begun, so its cookie cannot be set any more. Change the session before writing the response.',
      )
    throw new InputError(
      'INSECURE_REQUEST',
      'This request did not come over HTTPS, and a session cookie is never sent in the clear. Serve the application over HTTPS; on this machine, use localhost.',
    )
  }

  /** @throws InputError `OPTION_INVALID` when that transport is switched off */
  #transportFor(deliver: 'cookie' | 'bearer'): string {
    const name = deliver === 'bearer' ? (this.#parts.bearer ? BEARER : undefined) : this.#parts.cookie?.name
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

  #client(): Client {
    return { userAgent: this.#exchange.userAgent(), address: this.#exchange.address() }
  }

  #noteRead(): void {
    if (this.#read || this.#verdict.kind === 'none') return
    this.#read = true
    this.#exchange.onRead()
  }
}

/** Several cookies are several headers; a response that carries one must not be kept by anybody. */
export function putHeaders(headers: Headers, lines: ResponseHeaders): void {
  for (const [name, value] of lines) {
    if (name === 'cache-control') headers.set(name, value)
    else headers.append(name, value)
  }
}

function mustHaveSubject(session: Session<never, never> | Session<unknown, unknown>): string {
  if (session.subject === undefined)
    throw new InputError('NO_SESSION', 'A visitor has no credential to change. Sign in first.')
  return session.subject
}

function unavailable(): SystemError {
  return new SystemError(
    'STORE_UNAVAILABLE',
    'The session cannot be checked at the moment. Answer 503 and keep the cookie.',
    { retryable: true },
  )
}
