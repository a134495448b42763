/**
 * Sojourn: sessions that stay correct. The main door; stores, server adapters and test helpers have their own
 * (`sojourn/stores/…`, `sojourn/node`, `sojourn/testing`).
 */
import { systemEnvironment } from './environment/system.ts'
import { createPageHeadersIn, type PageHeaderOptions, type PageHeaders } from './http/page-headers.ts'
import { createSessionsIn, type Sessions, type SessionsOptions } from './http/sessions.ts'

/**
 * Sessions for one deployment and realm. Options are checked here, all at once; the store is opened by the first
 * use, or by `await sessions.ready()`.
 *
 * @typeParam Data the application's session data, by top-level key; inferred from `data.schema`
 * @typeParam Attributes what all sessions of a subject share
 * @throws ConfigError listing every problem with the options
 */
export function createSessions<
  Data extends object = Record<string, unknown>,
  Attributes extends object = Record<string, unknown>,
>(options: SessionsOptions<Data>): Sessions<Data, Attributes> {
  return createSessionsIn<Data, Attributes>(options ?? {}, {
    environment: options?.environment ?? systemEnvironment,
    production: process.env['NODE_ENV'] === 'production',
  })
}

/** The headers of an application's pages, made anew for each. Options are checked here. @throws ConfigError */
export function createPageHeaders(options: PageHeaderOptions = {}): () => PageHeaders {
  return createPageHeadersIn(options, options.environment ?? systemEnvironment)
}

export type { ChangeResult, NotChanged, RenewResult } from './core/changing/changes.ts'
export type { DeviceEntry } from './core/devices/device-list.ts'
export type { Client } from './core/devices/devices.ts'
export type { Edit } from './core/changing/session-data.ts'
export type { Duration, Size } from './core/policy/duration.ts'
export type { Environment, LogEntry, Timer } from './core/environment.ts'
export {
  ConfigError,
  type ConfigProblem,
  ERROR_CODES,
  type ErrorCode,
  InputError,
  type InputCode,
  RevokeUncertain,
  type SystemCode,
  SystemError,
} from './core/errors.ts'
export type { EventName, Listener, SessionEvent, SessionEvents } from './core/events.ts'
export type { ReadMode } from './core/verdict/copies.ts'
export type { NoneReason } from './core/verdict/judge.ts'
export type { EndListener } from './core/ending/live.ts'
export type { SessionManager } from './core/manager.ts'
export type {
  AnonymousOptions,
  DataOptions,
  DeviceOptions,
  LifetimeOptions,
  RegenerateOptions,
} from './core/policy/options.ts'
export type { PresentedToken } from './core/beginning/previous.ts'
export type { Aal, EndReason, LifetimeName } from './core/roster.ts'
export type { Session } from './core/session.ts'
export type {
  AnonymousStart,
  Attempt,
  Authentication,
  SignInOptions,
  SignInResult,
} from './core/beginning/sign-in.ts'
export type {
  CommitAnswer,
  ReadAnswer,
  RosterChange,
  RosterExpectation,
  RosterRead,
  SessionStore,
  StoreTraits,
  SynchronousReads,
  VersionedDocument,
  VersionedDocuments,
  WriteClass,
} from './core/store.ts'
export type { MaybePromise, Verdict, VerifyOptions } from './core/verdict/verify.ts'
export { assertAdapterOptions } from './http/adapter-options.ts'
export type { Exchange } from './http/exchange.ts'
export type { Committed } from './http/committed.ts'
export type { Device, DeviceChange } from './http/devices.ts'
export type { HandleSignIn, SessionHandle } from './http/handle.ts'
export { owedHeader, varied, type WasRead } from './http/owed.ts'
export {
  type ClearedKind,
  type CspDirective,
  type HstsOptions,
  type PageHeaderOptions,
  type PageHeaders,
  signedOutHeaders,
} from './http/page-headers.ts'
export { type Problem, type ProblemCode, problemOf } from './http/problem.ts'
export type { HandleOf, Sessions, SessionsOptions } from './http/sessions.ts'
export { type RequestFacts, type RespondOptions, webExchange } from './http/web.ts'
export type { Arrival } from './guard/client-address.ts'
export type { ProxyOptions } from './guard/proxy-options.ts'
export type { CsrfOptions } from './guard/cross-origin.ts'
export type { CookieOptions } from './transport/cookie.ts'
