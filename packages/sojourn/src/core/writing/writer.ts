/**
 * How rules reach the store. Per roster and process, changes wait in one line: whatever waits is applied to the
 * same state, one rule after another, and leaves as one commit. A conflict loads fresh state and applies the
 * rules again, within one budget of time.
 */
import type { Deadlines } from '../calls/deadline.ts'
import { confirmation, takingAway } from './confirming.ts'
import { difference } from './difference.ts'
import type { Environment } from '../environment.ts'
import { SystemError } from '../errors.ts'
import { type RosterKey, randomCommitId } from '../ids.ts'
import { isDoubtful, type Landing, unknownOutcome, whetherLanded } from './landing.ts'
import { type LoadedRoster, loadRoster, type Scope } from './loading.ts'
import type { RosterHeader } from '../roster.ts'
import { type EndedSession, type Moment, type RosterView, type Rule } from '../rules/rule.ts'
import type { SessionStore, WriteClass } from '../store.ts'

export interface ChangeRequest<Answer> {
  readonly scope: Scope
  readonly rule: Rule<Answer>
  readonly writeClass: WriteClass
  /** Applying the rule twice is as good as once. Only then is it repeated when an outcome stays unknown. */
  readonly repeatable: boolean
  /** Dropped at the first conflict: somebody else wrote, and this was not worth much. */
  readonly once?: boolean
  /**
   * Writes a header even when the rule finds nothing to change, so that the write class is reached for what is
   * there, or for its absence: then the header is taken away again.
   */
  readonly confirm?: { readonly realm: string } | undefined
  /** Made also while the breakers turn changes away. Default false. */
  readonly urgent?: boolean
  /** Loaded for this change alone: it is applied to that first, unless other changes are in line. */
  readonly loaded?: LoadedRoster | undefined
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
  readonly reads: Deadlines
  readonly writes: Deadlines
  /** Now, under the present policy; brings the deployment up to date first when `seenGlobalEpoch` is newer. */
  moment(seenGlobalEpoch: number): Moment | Promise<Moment>
  /** What a commit that ends a session in another's favour is written with, at least. */
  readonly replicated: WriteClass
  /** How long a header without sessions outlives its last change. */
  readonly headerLifeMs: number
  /** How long a change may wait and be tried, all in all. */
  readonly budgetMs: number
}

const MOST_FOLDED = 256
const LONGEST_LINE = 1024
const LONGEST_PAUSE_MS = 20
/** A store that fails this often in a row is not well. */
const MOST_DOUBTS = 3

interface Waiting {
  readonly request: ChangeRequest<unknown>
  readonly giveUpAt: number
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

  function begin(key: RosterKey, waiting: Waiting): void {
    const line = [waiting]
    lines.set(key, line)
    const run = drain(key, line)
    running.add(run)
    void run.finally(() => running.delete(run))
  }

  return {
    change<Answer>(key: RosterKey, request: ChangeRequest<Answer>): Promise<Changed<Answer>> {
      const line = lines.get(key)
      if (line !== undefined && line.length >= LONGEST_LINE) return Promise.reject(overloaded())
      return new Promise<Changed<Answer>>((resolve, reject) => {
        const giveUpAt = parts.environment.monotonic() + parts.budgetMs
        const waiting = { request, giveUpAt, resolve, reject } as Waiting
        if (line === undefined) begin(key, waiting)
        else line.push({ ...waiting, request: { ...waiting.request, loaded: undefined } })
      })
    },
    async idle(): Promise<void> {
      while (running.size > 0) await Promise.all(running)
    },
  }
}

async function commitTogether(
  parts: WriterParts,
  key: RosterKey,
  waiting: readonly Waiting[],
): Promise<void> {
  const doubts: Doubt[] = []
  let batch = waiting
  for (let tries = 0; ; tries++) {
    const conflicts = tries - doubts.length
    if (conflicts > 0) await pause(parts.environment, conflicts)
    batch = inTime(parts.environment, batch, { tries, doubt: doubts.at(-1) })
    if (batch.length === 0) return
    const urgent = batch.some(({ request }) => request.urgent === true)
    const loaded = tries === 0 ? batch[0]?.request.loaded : undefined
    const before =
      loaded === undefined
        ? await loadAgain(parts, key, { scope: commonScope(batch), doubts, urgent })
        : loaded.roster
    const landed = doubts.find((doubt) => whetherLanded(doubt, before) === 'yes')
    if (landed !== undefined) {
      settle(landed.applied, outcomeOf(landed), before?.header)
      return await takeAway(parts, key, { change: landed.change, urgent })
    }
    assertRepeatable(batch, doubts, before)
    const moment = await parts.moment(before?.header.globalEpoch ?? 0)
    const applied = applyAll(batch, before, moment)
    const change = difference(before, confirmed(parts, batch, { before, after: applied.after, moment }), {
      id: randomCommitId(parts.environment),
      writeClass: writeClassOf(parts, batch, applied.ended),
      ended: applied.ended,
      keepHeaderUntil: moment.now + parts.headerLifeMs,
    })
    const header = (applied.after ?? before)?.header
    if (change === undefined) return settle(applied, unchanged(doubts), header)
    try {
      const answer = await parts.writes.limit(() => parts.store.commit(key, change), { urgent })
      if (answer === 'committed' || answer === 'uncertain') {
        settle(applied, answer, header)
        return await takeAway(parts, key, { change, urgent })
      }
    } catch (error) {
      if (!isDoubtful(error)) throw clearly(error, doubts)
      doubts.push({ before, change, applied, cause: error })
      if (doubts.length === MOST_DOUBTS) throw unknownOutcome(error)
    }
  }
}

/** A commit of this batch that failed, and may have been applied or may be yet. */
interface Doubt extends Landing {
  readonly applied: Applied
  readonly cause: unknown
}

async function loadAgain(
  parts: WriterParts,
  key: RosterKey,
  options: { readonly scope: Scope; readonly doubts: readonly Doubt[]; readonly urgent: boolean },
): Promise<RosterView | undefined> {
  const { scope, doubts, urgent } = options
  try {
    return await loadRoster({ store: parts.store, deadlines: parts.reads, urgent }, key, scope)
  } catch (error) {
    throw clearly(error, doubts)
  }
}

/** An error says that nothing was written only if no earlier try may have been. */
function clearly(error: unknown, doubts: readonly Doubt[]): unknown {
  return doubts[0] === undefined ? error : unknownOutcome(doubts[0].cause)
}

/** Nothing was left to do. An earlier try that failed may be why, and how far that one came was not said. */
function unchanged(doubts: readonly Doubt[]): Changed<unknown>['outcome'] {
  return doubts.some((doubt) => outcomeOf(doubt) === 'uncertain') ? 'uncertain' : 'unchanged'
}

/** A commit that failed and is there all the same: how far it came was not said. */
function outcomeOf({ change }: Doubt): Changed<unknown>['outcome'] {
  return change.writeClass === 'fast' ? 'committed' : 'uncertain'
}

function assertRepeatable(
  batch: readonly Waiting[],
  doubts: readonly Doubt[],
  now: RosterView | undefined,
): void {
  const unclear = doubts.find((doubt) => whetherLanded(doubt, now) !== 'no')
  if (unclear !== undefined && !batch.every(({ request }) => request.repeatable))
    throw unknownOutcome(unclear.cause)
}

/** Turns away whoever has waited too long, and after a conflict whoever wanted one try only. */
function inTime(
  environment: Environment,
  batch: readonly Waiting[],
  { tries, doubt }: { readonly tries: number; readonly doubt: Doubt | undefined },
): readonly Waiting[] {
  const now = environment.monotonic()
  const late = (): SystemError => (doubt === undefined ? contention() : unknownOutcome(doubt.cause))
  return batch.filter(({ request, giveUpAt, reject }) => {
    const goesOn = now < giveUpAt && !(tries > 0 && request.once === true)
    if (!goesOn) reject(tries === 0 ? overloaded() : late())
    return goesOn
  })
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

function confirmed(
  parts: WriterParts,
  batch: readonly Waiting[],
  { before, after, moment }: Pick<Applied, 'after'> & Pick<Doubt, 'before'> & { readonly moment: Moment },
): RosterView | undefined {
  const confirm = batch.find(({ request }) => request.confirm !== undefined)?.request.confirm
  if (confirm === undefined || after !== before) return after
  return confirmation(parts.environment, { roster: after, realm: confirm.realm, moment })
}

/** Should it fail, what is left has no sessions, and goes when its time is over. */
async function takeAway(
  parts: WriterParts,
  key: RosterKey,
  { change, urgent }: Pick<Doubt, 'change'> & { readonly urgent: boolean },
): Promise<void> {
  const away = takingAway(parts.environment, change)
  if (away === undefined) return
  await parts.writes.limit(() => parts.store.commit(key, away), { urgent }).catch(() => undefined)
}

function commonScope(batch: readonly Waiting[]): Scope {
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
  if (ended.some(({ why }) => why === 'evicted')) wanted.push(parts.replicated)
  return STRENGTH[Math.max(...wanted.map((writeClass) => STRENGTH.indexOf(writeClass)))] ?? 'fast'
}

function pause(environment: Environment, tries: number): Promise<void> {
  const longest = Math.min(2 ** tries, LONGEST_PAUSE_MS)
  const ms = Math.ceil(environment.jitter() * longest)
  return new Promise((resolve) => void environment.after(ms, resolve, { awaited: true }))
}

function contention(): SystemError {
  return new SystemError('CONTENTION', 'Other processes kept changing this roster. Try again.', {
    retryable: true,
  })
}

function overloaded(): SystemError {
  return new SystemError('OVERLOADED', 'Too many changes of one roster are waiting. Try again.', {
    retryable: true,
  })
}
