/**
 * Connections that stay open (websockets, event streams) and the sessions they belong to. When a session ends, its
 * connections are told: at once when this process ended it, otherwise by looking again every `CHECK_EVERY_MS`.
 * A new secret for the same session is no end.
 */
import type { Engine } from './engine.ts'
import type { Timer } from './environment.ts'
import { type SessionId, sessionId } from './ids.ts'
import type { NoneReason } from './judge.ts'
import { lookAtSession } from './look.ts'
import type { EndReason } from './roster.ts'
import { type Presented, presentedBy, type Session } from './session.ts'

/** With the time that a check may take this stays below the 5 s within which a revocation is seen everywhere. */
const CHECK_EVERY_MS = 4000
const AT_ONCE = 32

export type EndListener = (reason: EndReason | NoneReason) => void

export interface LiveSessions {
  /** Calls `listener` once, when the session has ended; the answer forgets it. */
  watch<Data, Attributes>(session: Session<Data, Attributes>, listener: EndListener): () => void
  /** Nobody is told any more. */
  close(): void
}

interface Watched {
  readonly place: Pick<Presented['record'], 'number'> & Pick<Presented, 'roster'>
  readonly listeners: Set<EndListener>
}

export function createLiveSessions(engine: Engine): LiveSessions {
  const watched = new Map<SessionId, Watched>()
  let timer: Timer | undefined
  let checking: Promise<void> | undefined
  let isListening = false

  function tell(id: SessionId, reason: EndReason | NoneReason): void {
    const listeners = watched.get(id)?.listeners ?? []
    watched.delete(id)
    for (const listener of listeners) {
      try {
        const result: unknown = listener(reason)
        if (result instanceof Promise) result.catch(failed)
      } catch {
        failed()
      }
    }
  }

  function failed(): void {
    engine.environment.log({ level: 'error', message: 'A listener for the end of a session failed.' })
  }

  async function look(id: SessionId, { place }: Watched): Promise<void> {
    const judgement = await lookAtSession(engine, place)
    if (judgement.kind === 'none') tell(id, judgement.reason)
  }

  /** While the store cannot be asked nobody can know, and nobody is told. */
  async function checkAll(): Promise<void> {
    const all = [...watched]
    // What this process knows of the deployment may be as old as the bound already.
    if (all.length > 0) await engine.watch.refresh()
    for (let at = 0; at < all.length; at += AT_ONCE)
      await Promise.allSettled(all.slice(at, at + AT_ONCE).map(([id, entry]) => look(id, entry)))
  }

  function check(): void {
    timer?.cancel()
    timer = engine.environment.after(CHECK_EVERY_MS, check)
    if (watched.size === 0) stop()
    checking ??= checkAll()
      .catch(() => undefined)
      .finally(() => {
        checking = undefined
      })
  }

  function stop(): void {
    timer?.cancel()
    timer = undefined
  }

  /** What this process ends is known here at once. */
  function listen(): void {
    if (isListening) return
    isListening = true
    engine.events.on('session.ended', ({ sessionId: id, reason }) => tell(id, reason))
    for (const name of ['subject.revoked', 'deployment.revoked', 'revoke.uncertain'] as const)
      engine.events.on(name, () => {
        if (watched.size > 0) check()
      })
  }

  return {
    watch(session, listener) {
      if (engine.isClosed()) return () => {}
      const { roster, record } = presentedBy(session)
      const id = sessionId(roster, record.number)
      const entry = watched.get(id) ?? { place: { roster, number: record.number }, listeners: new Set() }
      watched.set(id, entry)
      entry.listeners.add(listener)
      listen()
      timer ??= engine.environment.after(CHECK_EVERY_MS, check)
      return () => {
        entry.listeners.delete(listener)
        if (entry.listeners.size === 0 && watched.get(id) === entry) watched.delete(id)
      }
    },
    close() {
      stop()
      watched.clear()
    },
  }
}
