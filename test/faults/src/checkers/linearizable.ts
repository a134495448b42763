/**
 * Whether each session behaved like one register that is changed at an instant between being asked and answering: live
 * with the token of a generation, or dead for ever. Pure.
 *
 * The search of Wing and Gong with Lowe's memory of what was tried, one session at a time and in the order of the answers:
 * at each answer it keeps every state the session can be in. What leaves the state as it is takes place as soon as it
 * can, which rules out nothing; so only changes branch. An operation that nobody answered may take place at any time
 * or never.
 *
 * @see Wing, Gong: Testing and Verifying Concurrent Objects (1993); Lowe: Testing for Linearizability (2017)
 */
import type { Operation } from '../history.ts'
import { endingsOf, type SessionsOf, subjectIndex, touchedBy } from './endings.ts'

interface NotLinearizable {
  readonly session: string
  /** The first answer that no order explains. */
  readonly operation: Operation
}

export interface LinearizableOptions {
  /** Whether this check was answered by the authority. Default: in mode `strict`, and every `none`. */
  readonly isSure?: (check: Operation) => boolean
}

export interface Linearizable {
  readonly sessions: number
  readonly violations: readonly NotLinearizable[]
}

type State = 'dead' | number

/** One way in which everything so far can have happened. */
interface Possible {
  readonly state: State
  /** Of what is under way, what has taken place already. */
  readonly done: ReadonlySet<Operation>
}

export function linearizable(
  history: readonly Operation[],
  { isSure = ({ mode, result }) => mode === 'strict' || result === 'none' }: LinearizableOptions = {},
): Linearizable {
  const { signIns } = endingsOf(history)
  const about = operationsBySession(history, { sessionsOf: subjectIndex(signIns), isSure })
  const violations: NotLinearizable[] = []
  for (const [session, { given, invokedAt, returnedAt = 0 }] of signIns) {
    const later = (about.get(session) ?? []).filter((operation) => isAfter(operation, invokedAt))
    const operation = firstUnexplained(
      later.map((one) => (meansOthers(one) && one.invokedAt <= returnedAt ? unanswered(one) : one)),
      given?.generation ?? 0,
    )
    if (operation !== undefined) violations.push({ session, operation })
  }
  return { sessions: signIns.size, violations }
}

function isAfter({ returnedAt = Number.POSITIVE_INFINITY }: Operation, at: number): boolean {
  return returnedAt > at
}

/** Of a whole subject, which may have overtaken a sign-in that was under way. */
function meansOthers({ session }: Operation): boolean {
  return session === undefined
}

function unanswered(operation: Operation): Operation {
  return { ...operation, returnedAt: Number.POSITIVE_INFINITY }
}

interface About {
  readonly sessionsOf: SessionsOf
  readonly isSure: (check: Operation) => boolean
}

function operationsBySession(
  history: readonly Operation[],
  { sessionsOf, isSure }: About,
): ReadonlyMap<string, readonly Operation[]> {
  const sessions = new Map<string, Operation[]>()
  for (const operation of history) {
    if (operation.result === 'unavailable' || operation.op === 'attempt') continue
    if (operation.op === 'verify' && !isSure(operation)) continue
    const touched = touchedBy(operation, sessionsOf)
    const own = operation.op === 'signIn' || operation.session === undefined ? [] : [operation.session]
    for (const session of new Set([...touched, ...own])) {
      const known = sessions.get(session)
      if (known === undefined) sessions.set(session, [operation])
      else known.push(operation)
    }
  }
  return sessions
}

interface Step {
  readonly at: number
  readonly operation: Operation
  readonly is: 'asked' | 'answered'
}

function firstUnexplained(operations: readonly Operation[], generation: number): Operation | undefined {
  const underWay = new Set<Operation>()
  let possible: readonly Possible[] = [{ state: generation, done: new Set() }]
  for (const { operation, is } of stepsOf(operations)) {
    if (is === 'asked') {
      underWay.add(operation)
      possible = possible.map((one) => settled(one, underWay))
      continue
    }
    possible = distinct(possible.flatMap((one) => withDone(one, operation, underWay)))
    if (possible.length === 0) return operation
    underWay.delete(operation)
    possible = distinct(possible.map(({ state, done }) => ({ state, done: without(done, operation) })))
  }
  return undefined
}

/** Asked before answered where the clock does not tell. */
function stepsOf(operations: readonly Operation[]): readonly Step[] {
  const steps = operations.flatMap((operation): readonly Step[] => [
    { at: operation.invokedAt, operation, is: 'asked' },
    ...(operation.returnedAt === undefined || operation.returnedAt === Number.POSITIVE_INFINITY
      ? []
      : [{ at: operation.returnedAt, operation, is: 'answered' } as const]),
  ])
  return steps.toSorted(
    (one, other) => one.at - other.at || (one.is === other.is ? 0 : one.is === 'asked' ? -1 : 1),
  )
}

/** Every way in which the operation can have taken place by now, with others that are under way before it. */
function withDone(
  start: Possible,
  operation: Operation,
  underWay: ReadonlySet<Operation>,
): readonly Possible[] {
  const found: Possible[] = []
  const seen = new Set([keyOf(start)])
  const open = [start]
  for (let one = open.pop(); one !== undefined; one = open.pop()) {
    if (one.done.has(operation)) {
      found.push(one)
      continue
    }
    for (const next of followers(one, underWay)) {
      const key = keyOf(next)
      if (seen.has(key)) continue
      seen.add(key)
      open.push(next)
    }
  }
  return found
}

/** One change more. */
function followers({ state, done }: Possible, underWay: ReadonlySet<Operation>): readonly Possible[] {
  return [...underWay].flatMap((operation) => {
    const next = done.has(operation) ? undefined : after(state, operation)
    return next === undefined || next === state
      ? []
      : [settled({ state: next, done: new Set([...done, operation]) }, underWay)]
  })
}

/** With everything done that leaves the state as it is. */
function settled({ state, done }: Possible, underWay: ReadonlySet<Operation>): Possible {
  const idle = [...underWay].filter((operation) => after(state, operation) === state)
  return { state, done: new Set([...done, ...idle]) }
}

/** The state after it; absent where it cannot have been answered so. */
function after(state: State, { op, result, token, given }: Operation): State | undefined {
  const shown = token?.generation ?? 0
  const isOver = state === 'dead' || state > shown
  if (result === 'none' || result === 'refused') return isOver ? state : undefined
  if (op === 'verify') return state === shown ? state : undefined
  if (op === 'change') return state === 'dead' ? undefined : state
  if (op === 'regenerate') return state === shown ? (given?.generation ?? shown + 1) : undefined
  return 'dead'
}

function without(done: ReadonlySet<Operation>, operation: Operation): ReadonlySet<Operation> {
  const others = new Set(done)
  others.delete(operation)
  return others
}

function distinct(possible: readonly Possible[]): readonly Possible[] {
  return [...new Map(possible.map((one) => [keyOf(one), one])).values()]
}

function keyOf({ state, done }: Possible): string {
  return `${state} ${[...done]
    .map(({ opId }) => opId)
    .toSorted()
    .join(' ')}`
}
