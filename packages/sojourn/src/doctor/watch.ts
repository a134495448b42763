/** Looks again and again: what was sound at the start may be set otherwise while it runs. */
import type { Timer } from '../core/environment.ts'
import { ConfigError } from '../core/errors.ts'
import { type Examination, type Finding, FINDING_CODES, meaningOf } from '../core/findings.ts'
import type { Measure, SelfMeasuring } from '../core/measures.ts'
import { type Duration, parseDuration } from '../core/policy/duration.ts'
import { unknownKeys } from '../core/policy/unknown-keys.ts'
import { type Examined, type ExamineOptions, look, problemsOf, type Surroundings } from './examine.ts'

export interface WatchOptions extends ExamineOptions {
  /** From the end of one look to the next, `'1s'` to `'1h'`. Default `'5s'`. */
  readonly every?: Duration
  /** Called after a look that found something else than the one before; first, if there is anything. */
  readonly onChange?: (change: FindingsChange) => void
}

export interface FindingsChange {
  readonly appeared: readonly Finding[]
  readonly gone: readonly Finding[]
  readonly examination: Examination
}

export interface Watch extends SelfMeasuring {
  /** The last look; `undefined` before the first has ended. */
  readonly latest: Examination | undefined
  /** Nothing is told any more. Idempotent. */
  close(): void
}

const KNOWN = ['accept', 'every', 'onChange'] as const
const USUAL_MS = 5_000
const LEAST_MS = 1_000
const MOST_MS = 3_600_000

export function keepWatch(options: Examined, asked: WatchOptions, surroundings: Surroundings): Watch {
  const everyMs = readOptions(options, asked)
  const { environment } = surroundings
  let latest: Examination | undefined
  let knownAt = environment.monotonic()
  let timer: Timer | undefined
  let closed = false

  void again()
  return {
    get latest() {
      return latest
    },
    measures: () => measuresOf(latest, (environment.monotonic() - knownAt) / 1_000),
    close() {
      closed = true
      timer?.cancel()
    },
  }

  async function again(): Promise<void> {
    const begunAt = environment.monotonic()
    const found = await look(options, asked, surroundings)
    if (closed) return
    const before = latest?.findings ?? []
    latest = found
    knownAt = begunAt
    tell(before, found)
    timer = environment.after(everyMs, () => void again())
  }

  function tell(before: readonly Finding[], examination: Examination): void {
    const appeared = without(examination.findings, before)
    const gone = without(before, examination.findings)
    if (appeared.length + gone.length === 0) return
    const failed = (error: unknown): void =>
      environment.log({
        level: 'error',
        message: 'A listener to findings threw.',
        fields: { error: error instanceof Error ? error.message : String(error) },
      })
    const told = async (): Promise<void> => {
      // An async one says later what went wrong.
      const done: unknown = asked.onChange?.({ appeared, gone, examination })
      await done
    }
    told().catch(failed)
  }
}

/** Milliseconds. @throws ConfigError */
function readOptions(options: Examined, asked: WatchOptions): number {
  const everyMs = asked.every === undefined ? USUAL_MS : (parseDuration(asked.every) ?? Number.NaN)
  const problems = [...problemsOf(options, asked), ...unknownKeys('', asked, KNOWN)]
  if (!(everyMs >= LEAST_MS && everyMs <= MOST_MS))
    problems.push({ path: 'every', message: "Write a duration from '1s' to '1h'." })
  if (asked.onChange !== undefined && typeof asked.onChange !== 'function')
    problems.push({ path: 'onChange', message: 'Pass a function.' })
  if (problems.length > 0) throw new ConfigError(problems)
  return everyMs
}

/** Values that were read may differ from look to look. */
function without(some: readonly Finding[], others: readonly Finding[]): readonly Finding[] {
  return some.filter(
    ({ code, where }) => !others.some((other) => other.code === code && other.where === where),
  )
}

function measuresOf(latest: Examination | undefined, age: number): readonly Measure[] {
  const findings = FINDING_CODES.map(
    (code): Measure => ({
      kind: 'gauge',
      name: 'sojourn.doctor.findings',
      description: 'What the last look found, by code: how many servers it is so of.',
      unit: '{finding}',
      attributes: { code, severity: meaningOf(code).severity },
      value: latest?.findings.filter((found) => found.code === code).length ?? 0,
    }),
  )
  return [
    ...findings,
    {
      kind: 'gauge',
      name: 'sojourn.doctor.unseen',
      description: 'Questions that were refused or not answered in the last look.',
      unit: '{question}',
      attributes: {},
      value: latest?.unseen.length ?? 0,
    },
    {
      kind: 'gauge',
      name: 'sojourn.doctor.age',
      description:
        'Time since the last look that has ended was begun, or since the start when there was none.',
      unit: 's',
      attributes: {},
      value: age,
    },
  ]
}
