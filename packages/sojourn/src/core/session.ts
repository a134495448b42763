/**
 * The session as the application sees it: a snapshot of what was true when the token was checked. Reading it
 * costs nothing at the store; its data is decoded when it is first asked for.
 */
import { decodeEntries, entriesToObject } from './data/encoding.ts'
import { type RosterKey, type SessionId, sessionId } from './ids.ts'
import type { Aal, LifetimeName, RosterHeader, StoredDevice, StoredSession } from './roster.ts'
import type { Basis } from './rules/change.ts'
import { type Duration, parseDuration } from './policy/duration.ts'
import { InputError } from './errors.ts'
import { absoluteDeadline, idleDeadline } from './policy/lifetimes.ts'
import type { Settings } from './policy/options.ts'

/** How the token came: a cookie's name, or `bearer`. */
type TransportName = string

/** What the manager remembers of how a session was presented. Never leaves the process. */
export interface Presented {
  readonly roster: RosterKey
  readonly header: RosterHeader
  readonly record: StoredSession
  readonly token: string
  readonly transport: TransportName
  readonly settings: Settings
  readonly checkedAt: number
}

let presentedOf: (session: Session<never, never>) => Presented

export class Session<Data = Record<string, unknown>, Attributes = Record<string, unknown>> {
  static {
    presentedOf = (session) => session.#presented
  }

  readonly #presented: Presented
  #data: Readonly<Partial<Data>> | undefined
  #attributes: Readonly<Partial<Attributes>> | undefined

  /** Made by the manager only. */
  constructor(presented: Presented) {
    this.#presented = presented
  }

  /** The public handle: loggable, in the device list, useless as a credential. */
  get id(): SessionId {
    return sessionId(this.#presented.roster, this.#presented.record.number)
  }

  /** The user id as the application gave it; `undefined` for an anonymous visitor. */
  get subject(): string | undefined {
    return this.#presented.header.subject
  }

  /** Application data, without prototype. Change it through `set`, `unset`, `increment` or `update`. */
  get data(): Readonly<Partial<Data>> {
    this.#data ??= entriesToObject(
      decodeEntries(this.#presented.record.data, this.#presented.settings.words),
    ) as Readonly<Partial<Data>>
    return this.#data
  }

  /** What all sessions of the subject share; empty when nothing was set. */
  get attributes(): Readonly<Partial<Attributes>> {
    this.#attributes ??= JSON.parse(this.#presented.header.attributes?.json ?? '{}') as Readonly<
      Partial<Attributes>
    >
    return this.#attributes
  }

  get createdAt(): number {
    return this.#presented.record.createdAt
  }

  /** When somebody last proved who they are; 0 for an anonymous visitor. */
  get authenticatedAt(): number {
    return this.#presented.record.authenticatedAt
  }

  /** Last seen; written at most once per touch interval, so it may lag by that much. */
  get seenAt(): number {
    return this.#presented.record.seenAt
  }

  /** When it ends if it is not used, under the present policy. */
  get idleDeadline(): number {
    return idleDeadline(this.#presented.record, this.#presented.settings.lifetimes)
  }

  /** When it ends whatever happens, under the present policy. */
  get absoluteDeadline(): number {
    return absoluteDeadline(this.#presented.record, this.#presented.settings.lifetimes)
  }

  /** `anonymous`, `session` or `remember`. */
  get lifetime(): LifetimeName {
    return this.#presented.record.lifetime
  }

  /** Authenticator assurance level; 0 for an anonymous visitor. */
  get aal(): Aal {
    return this.#presented.record.aal
  }

  /** Authentication context class, as the application gave it at sign-in. */
  get acr(): string {
    return this.#presented.record.acr
  }

  /** Authentication methods, as the application gave them at sign-in. */
  get amr(): readonly string[] {
    return this.#presented.record.amr
  }

  /** When this was true. */
  get checkedAt(): number {
    return this.#presented.checkedAt
  }

  get device(): StoredDevice {
    return this.#presented.record.device
  }

  /**
   * Whether the session was authenticated at this level and this recently. An anonymous session meets nothing.
   *
   * @param need `aal`: 1 to 3, default 1; `within`: since the last authentication, default any time
   * @throws InputError `OPTION_INVALID` when `within` is no duration
   */
  meets(need: { readonly aal?: 1 | 2 | 3; readonly within?: Duration }): boolean {
    const within = need.within === undefined ? Number.POSITIVE_INFINITY : parseDuration(need.within)
    if (within === undefined) throw new InputError('OPTION_INVALID', `within: write a duration such as '5m'.`)
    const { authenticatedAt, aal } = this.#presented.record
    return (
      authenticatedAt !== 0 && aal >= (need.aal ?? 1) && this.#presented.checkedAt - authenticatedAt <= within
    )
  }
}

/** For the manager and nobody else. */
export function presentedBy<Data, Attributes>(session: Session<Data, Attributes>): Presented {
  return presentedOf(session as unknown as Session<never, never>)
}

/** What a rule compares to know that the session is still the one the caller was shown. */
export function basisOf(presented: Pick<Presented, 'record' | 'header'>): Basis {
  const { record, header } = presented
  return {
    number: record.number,
    incarnation: header.incarnation,
    generation: record.generation,
    privilege: record.privilege,
  }
}
