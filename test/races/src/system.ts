/** What is raced: one library under one adapter on one store. A peer implements `Application` and is listed in `systems.ts`. */
import type { Commands } from './messages.ts'
import type { ApplicationOptions } from './scenario.ts'
import type { Servers } from './servers.ts'

/** What a race can be about and not every library has a call for. */
export type Offer =
  | 'a device limit'
  | 'a user’s other sessions'
  | 'an end to sign-ins in flight'
  | 'a new token for a session'
  | 'a grace for the old token'

export interface System {
  readonly system: string
  readonly adapter: string
  readonly store: string
  /** How many application processes share the store; 1 where it lives in the process. */
  readonly processes: number
  /** What the store runs on; absent where that is the processes themselves, and then the harness breaks it there. */
  readonly servers?: () => Promise<Servers>
  /** What clocks send to the servers, and no request does. */
  readonly clockwork?: readonly string[]
  /** Each process keeps copies, which may be late by this long. `GET /me?mode=strict` is answered without them. */
  readonly leaseMs?: number
  /** Sessions are touched as a part of the answer, so no touch can be held while its request goes on. Default false. */
  readonly touchesWithAnswer?: boolean
  /** The module with `start`, as a URL. */
  readonly module: string
  /** Reads the store from outside all application processes, where that is possible. */
  readonly reader?: (place: Place) => Reader
  /** Races about these are not run: they would be lost by what the library never promised. */
  readonly notOffered?: readonly Offer[]
  /** A run that takes longer went wrong. Default: 15 s, which is many times what any needs. */
  readonly longestRunMs?: number
}

/** Handed to every process of one application as JSON. */
export interface Place {
  readonly system: string
  readonly adapter: string
  readonly store: string
  /** A directory of this application's own. */
  readonly directory: string
  /** Of the servers; empty where there are none. */
  readonly urls: readonly string[]
}

/** Counts a user's live sessions; nothing of the application is in between. */
export interface Reader {
  count(sessionId: string): Promise<number>
  close(): Promise<void>
}

export interface Start {
  readonly place: Place
  readonly options: ApplicationOptions
  /** Resolves when the harness opens that gate. */
  readonly pass: (gate: string) => Promise<void>
}

/**
 * Serves on a loopback port. Every route may be given `hold=<point>.<gate>` and waits there: `opened` when the
 * session was read and nothing was done, `attempted` when credentials are about to be checked, `done` when
 * everything is done but the answer. All answer JSON; without a session, 401.
 *
 *     GET  /me                                200 { subject, id, data }
 *     POST /set?key=&value=                   writes one key of the session's data
 *     POST /increment?key=                    adds 1 to it
 *     POST /visit?key=&value=                 the same as set, and makes a visitor's session where there is none
 *     POST /sign-in?subject=                  200 { id }, or 409 when it is refused
 *     POST /sign-out
 *     POST /regenerate?because=age|privilege  a new token: the old one stays good for requests in flight, or dies
 *     POST /elevate                           a new authentication
 *     POST /revoke-others
 *     POST /revoke-all?subject=               as an administrator would: without a session
 */
export interface Application {
  readonly start: (start: Start) => Promise<Running>
}

export interface Running {
  readonly port: number
  /** What the harness may do to the store under the application. Where there are servers, it breaks those. */
  readonly store: {
    readonly [Command in keyof Omit<Commands, 'arrived' | 'open'>]: (
      input: Commands[Command],
    ) => Promise<number | undefined>
  }
}
