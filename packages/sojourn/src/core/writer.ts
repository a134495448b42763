/**
 * How rules reach the store. Per roster and process, changes wait in one line: whatever waits is applied to the
 * same state, one rule after another, and leaves as one commit. A conflict loads fresh state and applies the
 * rules again; a commit whose outcome is unknown is looked for by its id before anything is repeated.
 */
import type { Deadlines } from './deadline.ts'
import { difference } from './difference.ts'
import type { Environment } from './environment.ts'
import { SystemError } from './errors.ts'
import { NO_SESSION, type RosterKey, type SessionNumber, randomCommitId } from './ids.ts'
import type { Roster, RosterHeader, StoredSession } from './roster.ts'
import type { EndedSession, Moment, RosterView, Rule } from './rules/rule.ts'
import type { ReadAnswer, RosterChange, SessionStore, WriteClass } from './store.ts'

interface ChangeRequest<Answer> {
  /** The one record the rule looks at, `'header'` for none, `'roster'` for all of them. */
  readonly scope: SessionNumber | 'header' | 'roster'
  readonly rule: Rule<Answer>
  readonly writeClass: WriteClass
  /** Applying the rule twice is as good as once. Only then is it repeated when an outcome stays unknown. */
  readonly repeatable: boolean
  /** Writes the header even when the rule finds nothing to change, so that the write class is reached for what is there. */
  readonly confirm?: boolean
}

export interface Changed<Answer> {
  readonly answer: Answer
  /** `uncertain`: applied, but the write class was not reached. */
  readonly outcome: 'unchanged' | 'committed' | 'uncertain'
  readonly ended: readonly EndedSession[]
  /** The roster's header afterwards, or the last one it had. */
  readonly header: RosterHeader | undefined
}

export interface Writer {
  /** @throws SystemError when the store fails or contention does not end; whatever the rule throws */
  change<Answer>(roster: RosterKey, request: ChangeRequest<Answer>): Promise<Changed<Answer>>
  /** Resolves when nothing is being written. */
  idle(): Promise<void>
}

export interface WriterParts {
  readonly store: SessionStore
  readonly environment: Environment
  readonly deadlines: Deadlines
  /** Now, under the present policy; brings the deployment up to date first when `seenGlobalEpoch` is newer. */
  moment(seenGlobalEpoch: number): Promise<Moment>
  /** What a commit that ends a session in another's favour is written with, at least. */
  readonly replicated: WriteClass
  /** How long a header without sessions outlives its last change. */
  readonly headerLifeMs: number
}

const MOST_TRIES = 40
const MOST_FOLDED = 256
const LONGEST_PAUSE_MS = 20

interface Waiting {
  readonly request: ChangeRequest<unknown>
  readonly resolve: (changed: Changed<unknown>) => void
  readonly reject: (error: unknown) => void
}

export function createWriter(parts: WriterParts): Writer {
  const lines = new Map<RosterKey, Waiting[]>()
  const running = new Set<Promise<void>>()

  async function drain(key: RosterKey, line: Waiting[]): Promise<void> {
    while (line.length > 0) {
      const batch = line.splice(0, MOST_FOLDED)
      try {
        await commitTogether(parts, key, batch)
      } catch (error) {
        for (const waiting of batch) waiting.reject(error)
      }
    }
    lines.delete(key)
  }

  return {
    change<Answer>(key: RosterKey, request: ChangeRequest<Answer>): Promise<Changed<Answer>> {
      return new Promise<Changed<Answer>>((resolve, reject) => {
        const waiting = { request, resolve, reject } as Waiting
        const line = lines.get(key)
        if (line !== undefined) {
          line.push(waiting)
          return
        }
        const fresh = [waiting]
        lines.set(key, fresh)
        const run = drain(key, fresh)
        running.add(run)
        void run.finally(() => running.delete(run))
      })
    },
    async idle(): Promise<void> {
      while (running.size > 0) await Promise.all(running)
    },
  }
}

async function commitTogether(parts: WriterParts, key: RosterKey, batch: readonly Waiting[]): Promise<void> {
  const scope = commonScope(batch)
  const repeatable = batch.every(({ request }) => request.repeatable)
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    if (tries > 0) await pause(parts.environment, tries)
    const before = await load(parts, key, scope)
    const moment = await parts.moment(before?.header.globalEpoch ?? 0)
    const applied = applyAll(batch, before, moment)
    const id = randomCommitId(parts.environment)
    const writeClass = writeClassOf(parts, batch, applied.ended)
    const keepHeaderUntil = moment.now + parts.headerLifeMs
    const change = difference(before, confirmed(batch, before, applied.after), {
      id,
      writeClass,
      ended: applied.ended,
      keepHeaderUntil,
    })
    const outcome =
      change === undefined ? 'unchanged' : await attempt(parts, key, { before, change, repeatable })
    if (outcome === 'conflict') continue
    return settle(applied, outcome, (applied.after ?? before)?.header)
  }
  throw new SystemError('CONTENTION', 'Other processes kept changing this roster. Try again.', {
    retryable: true,
  })
}

function confirmed(
  batch: readonly Waiting[],
  before: RosterView | undefined,
  after: RosterView | undefined,
): RosterView | undefined {
  const confirming =
    after === before && after !== undefined && batch.some(({ request }) => request.confirm === true)
  return confirming ? { ...after, header: { ...after.header } } : after
}

interface Applied {
  readonly after: RosterView | undefined
  readonly ended: readonly EndedSession[]
  readonly answers: readonly {
    readonly waiting: Waiting
    readonly answer?: unknown
    readonly error?: unknown
    readonly ended: readonly EndedSession[]
  }[]
}

/** Each rule sees what the ones before it made. A rule that throws (the application's own function, perhaps) is left out; the others go on. */
function applyAll(batch: readonly Waiting[], before: RosterView | undefined, moment: Moment): Applied {
  let after = before
  const ended: EndedSession[] = []
  const answers = batch.map((waiting) => {
    try {
      const step = waiting.request.rule(after, moment)
      after = step.roster
      ended.push(...(step.ended ?? []))
      return { waiting, answer: step.answer, ended: step.ended ?? [] }
    } catch (error) {
      return { waiting, error, ended: [] }
    }
  })
  return { after, ended, answers }
}

function settle(
  applied: Applied,
  outcome: Changed<unknown>['outcome'],
  header: RosterHeader | undefined,
): void {
  for (const { waiting, answer, error, ended } of applied.answers) {
    if (error === undefined) waiting.resolve({ answer, outcome, ended, header })
    else waiting.reject(error)
  }
}

type Attempt = {
  readonly before: RosterView | undefined
  readonly change: RosterChange
  readonly repeatable: boolean
}

async function attempt(
  parts: WriterParts,
  key: RosterKey,
  work: Attempt,
): Promise<'committed' | 'uncertain' | 'conflict'> {
  try {
    const answer = await parts.deadlines.limit(() => parts.store.commit(key, work.change))
    return answer === 'gone' ? 'conflict' : answer
  } catch (error) {
    if (error instanceof SystemError && !mayHaveLanded(error)) throw error
    return await lookForCommit(parts, key, work, error)
  }
}

/** Refusals that a store makes before it touches anything. */
function mayHaveLanded(error: SystemError): boolean {
  return ![
    'STORE_FULL',
    'STORE_READ_ONLY',
    'STORE_CORRUPT',
    'STORE_FOREIGN',
    'STORE_NEWER',
    'OVERLOADED',
    'CLOSED',
  ].includes(error.code)
}

async function lookForCommit(
  parts: WriterParts,
  key: RosterKey,
  work: Attempt,
  cause: unknown,
): Promise<'committed' | 'conflict'> {
  const now = await load(parts, key, 'roster').catch(() => {
    throw unknownOutcome(cause)
  })
  const landed = whetherLanded(work, now)
  if (landed === 'yes') return 'committed'
  if (landed === 'no' || work.repeatable) return 'conflict'
  throw unknownOutcome(cause)
}

/**
 * `no` is certain only while the version that the change expected still stands: should the change arrive after
 * all, it and a repetition expect the same version, and one of them conflicts.
 */
function whetherLanded({ before, change }: Attempt, now: RosterView | undefined): 'yes' | 'no' | 'unknown' {
  if (change.header === 'drop') return now === undefined ? 'yes' : 'unknown'
  if (now === undefined) return before === undefined ? 'no' : 'unknown'
  if (now.header.lastCommit === change.id) return 'yes'
  if (change.put.some((session) => now.sessions.get(session.number)?.lastCommit === change.id)) return 'yes'
  return before !== undefined && untouched(before, change, now) ? 'no' : 'unknown'
}

function untouched(before: RosterView, change: RosterChange, now: RosterView): boolean {
  if (now.header.incarnation !== before.header.incarnation) return false
  if (change.header !== undefined) return now.header.version === before.header.version
  return change.put.every(
    (session) => now.sessions.get(session.number)?.version === before.sessions.get(session.number)?.version,
  )
}

function unknownOutcome(cause: unknown): SystemError {
  return new SystemError(
    'STORE_UNAVAILABLE',
    'The store failed during a write; whether it was applied is not known. Read again before repeating it.',
    {
      retryable: true,
      cause,
    },
  )
}

async function load(
  parts: WriterParts,
  key: RosterKey,
  scope: ChangeRequest<unknown>['scope'],
): Promise<RosterView | undefined> {
  if (scope === 'roster') return viewOfRoster(await parts.deadlines.limit(() => parts.store.list(key)))
  const number = scope === 'header' ? NO_SESSION : scope
  return viewOfRead(number, await parts.deadlines.limit(() => parts.store.read(key, number)))
}

function viewOfRoster(roster: Roster | 'damaged' | 'newer' | undefined): RosterView | undefined {
  if (roster === undefined || roster === 'damaged') return undefined
  if (roster === 'newer') throw newerFormat()
  const sessions = new Map<SessionNumber, StoredSession>(
    roster.records.map((session) => [session.number, session]),
  )
  const damaged = roster.unreadable.filter(({ why }) => why === 'damaged').map(({ number }) => number)
  return present({
    header: roster.header,
    sessions,
    damaged,
    newer: roster.unreadable.length - damaged.length,
  })
}

function viewOfRead(number: SessionNumber, answer: ReadAnswer): RosterView | undefined {
  if (answer === undefined || answer === 'damaged') return undefined
  if (answer === 'newer' || answer.unreadable === 'newer') throw newerFormat()
  const sessions = new Map(answer.record === undefined ? [] : [[number, answer.record] as const])
  return present({ header: answer.header, sessions, damaged: [], newer: 0 })
}

function present(view: RosterView): RosterView {
  if (view.header.state === 'live') return view
  throw new SystemError('STORE_UNAVAILABLE', 'This roster is being restored. Try again in a moment.', {
    retryable: true,
  })
}

function newerFormat(): SystemError {
  return new SystemError(
    'STORE_NEWER',
    'This record was written by a later version of Sojourn. Update this process; it changes nothing until then.',
  )
}

function commonScope(batch: readonly Waiting[]): ChangeRequest<unknown>['scope'] {
  const scopes = new Set(batch.map(({ request }) => request.scope))
  scopes.delete('header')
  if (scopes.size === 0) return 'header'
  const [only] = scopes
  return scopes.size === 1 && only !== undefined ? only : 'roster'
}

const STRENGTH: readonly WriteClass[] = ['fast', 'replicated', 'durable']

function writeClassOf(
  parts: WriterParts,
  batch: readonly Waiting[],
  ended: readonly EndedSession[],
): WriteClass {
  const wanted = batch.map(({ request }) => request.writeClass)
  if (ended.some(({ why }) => why === 'evicted' || why === 'replaced')) wanted.push(parts.replicated)
  return STRENGTH[Math.max(...wanted.map((writeClass) => STRENGTH.indexOf(writeClass)))] ?? 'fast'
}

function pause(environment: Environment, tries: number): Promise<void> {
  const longest = Math.min(2 ** tries, LONGEST_PAUSE_MS)
  return new Promise((resolve) => environment.after(Math.ceil(environment.jitter() * longest), resolve))
}
