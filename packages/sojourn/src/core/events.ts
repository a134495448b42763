/**
 * What happened, for audit, metrics and alarms. Events go sideways: a listener is called after the fact and can
 * neither fail nor change what it hears about. Every event carries public handles only.
 */
import type { CallKind } from './calls/breaker.ts'
import type { Environment } from './environment.ts'
import type { SessionId } from './ids.ts'
import type { EndReason, LifetimeName, Unreadable } from './roster.ts'

export interface SessionEvents {
  'session.created': SessionEvent & {
    readonly lifetime: LifetimeName
    readonly device: string
    readonly address: string
  }
  'session.ended': SessionEvent & { readonly reason: EndReason }
  'session.elevated': SessionEvent & { readonly aal: number }
  'session.regenerated': SessionEvent
  /** A genuine token of a session that is over: a stolen copy, or a client that missed the end. */
  'session.used-after-end': { readonly sessionId: SessionId; readonly reason: string }
  /** A sign-in was refused because the subject has as many sessions as it may. */
  'device-limit.reached': { readonly subject: string; readonly limit: number }
  'subject.revoked': { readonly subject: string; readonly reason: EndReason }
  'deployment.revoked': { readonly globalEpoch: number }
  /** What a client presented is not a token of ours. */
  'token.rejected': { readonly reason: 'malformed' | 'forged' | 'duplicate'; readonly transport: string }
  /** A write came from another site's page; with `csrf.mode: 'log'` it was let through. */
  'csrf.rejected': {
    readonly reason: string
    readonly refused: boolean
    readonly origin: string | undefined
    /** Without the query. */
    readonly path: string
  }
  'record.unreadable': { readonly sessionId: SessionId; readonly why: Unreadable }
  'store.unavailable': { readonly code: string }
  /** A store call came back. There are as many as calls, and nothing is told while nobody listens. */
  'store.called': {
    readonly operation: 'read' | 'list' | 'commit' | 'documents' | 'ping'
    /** What it answered (`ok`, `absent`, `unreadable`, `conflict`, `gone`, `uncertain`), or the code it failed with. */
    readonly outcome: string
    readonly seconds: number
  }
  /** Calls of this kind kept failing; they are turned away at once, but for one now and then, until one is answered. */
  'store.breaker-opened': { readonly of: CallKind }
  'store.breaker-closed': { readonly of: CallKind }
  'revoke.uncertain': { readonly of: string }
  'revoke.completed': { readonly of: string }
}

export interface SessionEvent {
  readonly sessionId: SessionId
  readonly subject: string | undefined
}

export type EventName = keyof SessionEvents
export type Listener<Name extends EventName> = (event: SessionEvents[Name]) => void

export interface Events {
  /** Calls `listener` for every such event; the answer removes it. */
  on<Name extends EventName>(name: Name, listener: Listener<Name>): () => void
  emit<Name extends EventName>(name: Name, event: SessionEvents[Name]): void
  /** Whether anybody listens, for events that are not worth making otherwise. */
  isHeard(name: EventName): boolean
}

export function createEvents(environment: Environment): Events {
  const listeners = new Map<EventName, Set<(event: never) => unknown>>()

  function failed(name: EventName): void {
    environment.log({
      level: 'error',
      message: 'A listener for a session event failed.',
      fields: { event: name },
    })
  }

  return {
    on(name, listener) {
      const those = listeners.get(name) ?? new Set()
      // A function of our own each time: the same listener given twice is two.
      const own: Listener<typeof name> = (event) => listener(event)
      listeners.set(name, those.add(own))
      return () => those.delete(own)
    },
    emit(name, event) {
      for (const listener of listeners.get(name) ?? []) {
        try {
          const result = listener(event as never)
          if (result instanceof Promise) result.catch(() => failed(name))
        } catch {
          failed(name)
        }
      }
    },
    isHeard: (name) => (listeners.get(name)?.size ?? 0) > 0,
  }
}
