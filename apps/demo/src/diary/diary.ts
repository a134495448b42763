/**
 * What happened to sessions lately, told to the people whom it concerns: to an account what its sessions did, to a
 * visitor what theirs did, and to everybody what concerned no session at all. It is kept in this process only and is
 * bounded; an audit log would be written to a disk.
 */
import type { EventName, SessionEvents } from 'sojourn'
import type { ShopSessions } from '../shop.ts'
import { type Told, WORDS } from './words.ts'

export interface Entry {
  readonly at: number
  readonly event: EventName
  readonly text: string
}

/** A session, and whose it is. */
export interface Person {
  readonly id: string | undefined
  readonly subject: string | undefined
}

export interface Diary {
  /** The newest first. */
  read(person: Person, most: number): readonly Entry[]
  /** Calls `reader` with whatever is written from now on for this person; the answer ends that. */
  follow(person: Person, reader: (entry: Entry) => void): () => void
  /** A visitor has signed in: what their session did is read on in the account. */
  belongsTo(subject: string, visitor: string | undefined): void
}

interface Line extends Entry {
  /** Whom it concerns; neither: everybody. */
  readonly sessionId: string | undefined
  readonly subject: string | undefined
  readonly device: string | undefined
}

const MOST_LINES = 500

export function keepDiary(sessions: Pick<ShopSessions, 'on'>): Diary {
  let lines: readonly Line[] = []
  const readers = new Set<(line: Line) => void>()

  function listen(event: Told): void {
    // What is told by name is one of a pair, which the union of all of them does not say.
    const tell = WORDS[event] as (happened: unknown, device: string) => string | undefined
    sessions.on(event, (happened) => {
      const about = happened as Partial<SessionEvents['session.created']>
      const begun = lines.find(
        ({ sessionId, device }) => device !== undefined && sessionId === about.sessionId,
      )
      const device = about.device ?? begun?.device
      const text = tell(happened, device ?? 'A device')
      if (text === undefined) return
      const { sessionId, subject = begun?.subject } = about
      write({ at: Date.now(), event, text, sessionId, subject, device })
    })
  }

  /** What happens again and again is one line, at its last time. */
  function write(line: Line): void {
    const others = lines.filter(
      ({ text, sessionId, subject }) =>
        text !== line.text || sessionId !== line.sessionId || subject !== line.subject,
    )
    lines = [line, ...others].slice(0, MOST_LINES)
    for (const reader of readers) reader(line)
  }

  for (const event of Object.keys(WORDS) as Told[]) listen(event)
  return {
    read: (person, most) =>
      lines
        .filter((line) => concerns(line, person))
        .slice(0, most)
        .map(entryOf),
    follow(person, reader) {
      const ours = (line: Line): void => {
        if (concerns(line, person)) reader(entryOf(line))
      }
      readers.add(ours)
      return () => readers.delete(ours)
    },
    belongsTo(subject, visitor) {
      if (visitor === undefined) return
      lines = lines.map((line) =>
        line.sessionId === visitor && line.subject === undefined ? { ...line, subject } : line,
      )
    },
  }
}

function concerns(line: Line, person: Person): boolean {
  if (line.subject !== undefined) return line.subject === person.subject
  return line.sessionId === undefined || line.sessionId === person.id
}

function entryOf({ at, event, text }: Line): Entry {
  return { at, event, text }
}
