/**
 * Connections that stay open (websockets, event streams) and the sessions they belong to. When a session ends, its
 * connections are told: at once when this process ended it, otherwise by looking again, one after another, so that
 * many connections neither stop the event loop nor fall upon the store. A new secret for the same session is no end.
 *
 * What is looked at when, and how old the knowledge of the deployment may be, together stay below the 5 s within which
 * a revocation is seen everywhere.
 */
import type { Engine } from './engine.ts'
import type { Timer } from './environment.ts'
import { type SessionId, sessionId } from './ids.ts'
import type { NoneReason } from './judge.ts'
import { lookAtSession } from './look.ts'
import { EVERYTHING } from './pending.ts'
import type { EndReason } from './roster.ts'
import { type Presented, presentedBy, type Session } from './session.ts'

/** A session is looked at again this long after the last time, and after as many ticks as its turn takes. */
const AGAIN_AFTER_MS = 2500
const TICK_MS = 250
/** All that are due at once have had their turn after so many ticks. */
const TURNS = 6
/** How many ticks the knowledge of the deployment's epoch may be old. */
const EPOCH_TICKS = 3

export type EndListener = (reason: EndReason | NoneReason) => void

export interface LiveSessions {
  /** Calls `listener` once, when the session has ended; the answer forgets it. */
  watch<Data, Attributes>(session: Session<Data, Attributes>, listener: EndListener): () => void
  /** Nobody is told any more. */
  close(): void
}

interface Watched {
  readonly roster: Presented['roster']
  readonly number: Presented['record']['number']
  readonly subject: string | undefined
  readonly listeners: Set<EndListener>
  dueAt: number
  isLookedAt: boolean
}

export function createLiveSessions(engine: Engine): LiveSessions {
  const { environment, events } = engine
  /** The next one due first. */
  const watched = new Map<SessionId, Watched>()
  let timer: Timer | undefined
  let ticks = 0
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
    environment.log({ level: 'error', message: 'A listener for the end of a session failed.' })
  }

  /** While the store cannot be asked nobody can know, and nobody is told. */
  async function look(id: SessionId, entry: Watched): Promise<void> {
    const judgement = await lookAtSession(engine, entry).catch(() => undefined)
    if (judgement?.kind === 'none' && watched.get(id) === entry) tell(id, judgement.reason)
  }

  async function lookInTurn(id: SessionId, entry: Watched): Promise<void> {
    entry.isLookedAt = true
    await look(id, entry)
    entry.isLookedAt = false
  }

  function lookAtOnce(isConcerned: (entry: Watched) => boolean): void {
    for (const [id, entry] of watched) if (isConcerned(entry)) void look(id, entry)
  }

  async function tick(): Promise<void> {
    timer = watched.size === 0 ? undefined : environment.after(TICK_MS, () => void tick())
    if (ticks++ % EPOCH_TICKS === 0) await engine.watch.refresh().catch(() => undefined)
    const now = environment.monotonic()
    let left = Math.ceil(watched.size / TURNS)
    for (const [id, entry] of watched) {
      if (entry.dueAt > now || left-- === 0) return
      watched.delete(id)
      watched.set(id, entry)
      entry.dueAt = now + AGAIN_AFTER_MS
      if (!entry.isLookedAt) void lookInTurn(id, entry)
    }
  }

  /** What this process ends is known here at once. */
  function listen(): void {
    if (isListening) return
    isListening = true
    events.on('session.ended', ({ sessionId: id, reason }) => tell(id, reason))
    events.on('subject.revoked', ({ subject }) => lookAtOnce((entry) => entry.subject === subject))
    events.on('deployment.revoked', () => lookAtOnce(() => true))
    events.on('revoke.uncertain', ({ of }) =>
      lookAtOnce(({ roster }) => of === EVERYTHING || of.startsWith(roster)),
    )
  }

  function entryFor({ roster, record, header: { subject } }: Presented): Watched {
    const dueAt = environment.monotonic() + AGAIN_AFTER_MS
    return { roster, number: record.number, subject, listeners: new Set(), dueAt, isLookedAt: false }
  }

  return {
    watch(session, listener) {
      if (engine.isClosed()) return () => {}
      const presented = presentedBy(session)
      const id = sessionId(presented.roster, presented.record.number)
      const entry = watched.get(id) ?? entryFor(presented)
      // The same function may be given twice, and is forgotten once each.
      const own: EndListener = (reason) => listener(reason)
      watched.set(id, entry)
      entry.listeners.add(own)
      listen()
      timer ??= environment.after(TICK_MS, () => void tick())
      return () => {
        entry.listeners.delete(own)
        if (entry.listeners.size === 0 && watched.get(id) === entry) watched.delete(id)
      }
    },
    close() {
      timer?.cancel()
      timer = undefined
      watched.clear()
    },
  }
}
