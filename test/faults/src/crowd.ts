/** Many sessions at once: begun, asked for, and asked for until they are served again. */
import type { Application, Call, Held } from './application.ts'
import type { Operation } from './history.ts'
import { until } from './patience.ts'

const AT_ONCE = { atOnce: 50 }

/** One session for each of so many subjects; again where a sign-in was put off. */
export async function signedIn(
  app: Application,
  { count, as }: { readonly count: number; readonly as: string },
): Promise<readonly Held[]> {
  let missing = Array.from({ length: count }, (_, index) => `${as}-${index}`)
  const found: Held[] = []
  await until(`${count} subjects sign in`, async () => {
    const calls = missing.map((subject): Call => ({ op: 'signIn', subject }))
    const called = await app.calls(calls, AT_ONCE)
    found.push(...called.flatMap(({ held }) => held ?? []))
    missing = missing.filter((_, index) => called[index]?.held === undefined)
    return missing.length === 0
  })
  return found
}

/** What each check came to, once none is put off any more: valid or none. */
export async function answeredBy(app: Application, sessions: readonly Held[]): Promise<readonly Operation[]> {
  let missing = sessions
  const answers: Operation[] = []
  await until(`${app.name} serves all sessions`, async () => {
    const calls = missing.map(({ token }): Call => ({ op: 'verify', token }))
    const called = await app.calls(calls, AT_ONCE)
    const isAnswer = (operation: Operation | undefined): operation is Operation =>
      operation?.result === 'valid' || operation?.result === 'none'
    answers.push(...called.flatMap(({ operation }) => (isAnswer(operation) ? [operation] : [])))
    missing = missing.filter((_, index) => !isAnswer(called[index]?.operation))
    return missing.length === 0
  })
  return answers
}

/** Resolves when the store answers for one of them: a copy of it does not count. */
export async function untilServed(app: Application, [first]: readonly Held[]): Promise<void> {
  if (first === undefined) return
  await until(`${app.name} is served`, async () => {
    const { operation } = await app.call({ op: 'verify', token: first.token, mode: 'strict' })
    return operation.result === 'valid' || operation.result === 'none'
  })
}

export async function untilNothingPends(apps: readonly Application[]): Promise<void> {
  await until('all revocations are complete', async () => {
    const figures = await Promise.all(apps.map((app) => app.figures()))
    return figures.every((figure) => (figure['sojourn.revocations.pending'] ?? 0) === 0)
  })
}

/** The smallest value that at least this part of them does not exceed; 0 of none. */
export function percentile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((one, other) => one - other)
  return sorted[Math.max(0, Math.ceil(sorted.length * part) - 1)] ?? 0
}
