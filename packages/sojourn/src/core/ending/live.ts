/**
 * Connections that stay open (websockets, event streams) and the sessions they belong to. When a session ends, its
 * connections are told: at once when this process ended it, otherwise by looking again, one after another, so that
 * many connections neither stop the event loop nor fall upon the store. A new secret for the same session is no end.
 *
 * What is looked at when, and how old the knowledge of the deployment may be, together stay below the 5 s within which
 * a revocation is seen everywhere.
 */
import { createDeadlines } from '../calls/deadline.ts'
import type { Engine } from '../engine.ts'
import type { Timer } from '../environment.ts'
import { type SessionId, sessionId } from '../ids.ts'
import type { NoneReason } from '../verdict/judge.ts'
import { lookAtSession } from '../verdict/look.ts'
import { EVERYTHING } from './pending.ts'
import type { EndReason } from '../roster.ts'
import { type Presented, presentedBy, type Session } from '../session.ts'

/** A session is looked at again this long after the last time, and all that are due at once within the round. */
const AGAIN_AFTER_MS = 2500
const ROUND_MS = 1500
const LONGEST_TICK_MS = 250
const SHORTEST_TICK_MS = 4
/** So many in one turn of the event loop, and so many on their way to the store, beside the requests' own checks. */
const IN_ONE_TURN = 256
const UNDER_WAY = 1024
/** How old the knowledge of the deployment's epoch may be. */
const EPOCH_AGE_MS = 750

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
  const { environment, events, settings } = engine
  const deadlines = createDeadlines(environment, {
    ms: settings.deadlineMs,
    mostInFlight: UNDER_WAY,
    breaker: engine.breakers.checks,
  })
  /** The next one due first. */
  const watched = new Map<SessionId, Watched>()
  /** Looks that came to no answer: their turn is not over. */
  let unanswered: SessionId[] = []
  let underWay = 0
  let epochAskedAt = Number.NEGATIVE_INFINITY
  let timer: Timer | undefined
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
    underWay++
    const judgement = await lookAtSession(engine, entry, deadlines).catch(() => undefined)
    underWay--
    if (watched.get(id) !== entry) return
    if (judgement === undefined || judgement.kind === 'unavailable') unanswered.push(id)
    else if (judgement.kind === 'none') tell(id, judgement.reason)
  }

  async function lookInTurn(id: SessionId, entry: Watched): Promise<void> {
    entry.isLookedAt = true
    await look(id, entry)
    entry.isLookedAt = false
  }

  function tick(): void {
    const turns = Math.ceil(watched.size / IN_ONE_TURN)
    const pause = Math.min(Math.max(ROUND_MS / turns, SHORTEST_TICK_MS), LONGEST_TICK_MS)
    timer = watched.size === 0 ? undefined : environment.after(pause, tick)
    void turn()
  }

  async function turn(): Promise<void> {
    if (environment.monotonic() - epochAskedAt >= EPOCH_AGE_MS) {
      epochAskedAt = environment.monotonic()
      await engine.watch.refresh().catch(() => undefined)
    }
    const now = environment.monotonic()
    for (const [id, entry] of nextDue(now)) {
      watched.delete(id)
      watched.set(id, entry)
      entry.dueAt = now + AGAIN_AFTER_MS
      if (!entry.isLookedAt) void lookInTurn(id, entry)
    }
  }

  function nextDue(now: number): readonly (readonly [SessionId, Watched])[] {
    const room = Math.min(IN_ONE_TURN, UNDER_WAY - underWay)
    const due = unanswered.slice(0, room).flatMap((id) => {
      const entry = watched.get(id)
      return entry === undefined ? [] : [[id, entry] as const]
    })
    unanswered = unanswered.slice(room)
    for (const [id, entry] of watched) {
      if (entry.dueAt > now || due.length >= room) break
      due.push([id, entry])
    }
    return due
  }

  function lookAtOnce(isConcerned: (entry: Watched) => boolean): void {
    for (const [id, entry] of watched) if (isConcerned(entry)) void look(id, entry)
  }

  /** As many as there may be: in their turn, which begins now. */
  function lookAtAll(): void {
    for (const entry of watched.values()) entry.dueAt = Number.NEGATIVE_INFINITY
    if (watched.size === 0) return
    timer?.cancel()
    tick()
  }

  /** What this process ends is known here at once. */
  function listen(): void {
    if (isListening) return
    isListening = true
    events.on('session.ended', ({ sessionId: id, reason }) => tell(id, reason))
    events.on('subject.revoked', ({ subject }) => lookAtOnce((entry) => entry.subject === subject))
    events.on('deployment.revoked', lookAtAll)
    events.on('revoke.uncertain', ({ of }) => {
      if (of === EVERYTHING) lookAtAll()
      else lookAtOnce(({ roster }) => of.startsWith(roster))
    })
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
      timer ??= environment.after(LONGEST_TICK_MS, tick)
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
