/** One look at everything: the options, this process, the store. */
import type { Environment } from '../core/environment.ts'
import { ConfigError, type ConfigProblem } from '../core/errors.ts'
import {
  type Examination,
  type Finding,
  FINDING_CODES,
  type FindingCode,
  finding,
  isExaminable,
} from '../core/findings.ts'
import { parseDuration } from '../core/policy/duration.ts'
import { unknownKeys } from '../core/policy/unknown-keys.ts'
import { authorityOf, type SessionStore } from '../core/store.ts'
import type { SessionsOptions } from '../index.ts'
import { judgeOptions } from './options.ts'
import { judgeProcess } from './process.ts'

/** The options of `createSessions`, of which `store` is needed. */
export type Examined = Pick<SessionsOptions<unknown>, 'store'> &
  Partial<
    Pick<
      SessionsOptions<unknown>,
      'environment' | 'deadline' | 'transport' | 'cookie' | 'csrf' | 'reauthenticateWithin'
    >
  >

export interface ExamineOptions {
  /** Findings that are known and meant: they are left out. Default none. */
  readonly accept?: readonly FindingCode[]
}

export interface Surroundings {
  readonly environment: Environment
  readonly production: boolean
}

const DEFAULT_DEADLINE_MS = 250
const LEAST_PATIENCE_MS = 3_000

export async function examineIn(
  options: Examined,
  asked: ExamineOptions,
  surroundings: Surroundings,
): Promise<Examination> {
  const problems = [...problemsOf(options, asked), ...unknownKeys('', asked, ['accept'])]
  if (problems.length > 0) throw new ConfigError(problems)
  return look(options, asked, surroundings)
}

/** Never rejects. Options have been checked. */
export async function look(
  options: Examined,
  { accept = [] }: ExamineOptions,
  { environment, production }: Surroundings,
): Promise<Examination> {
  const store = authorityOf(options.store)
  const deadlineMs = parseDuration(options.deadline) ?? DEFAULT_DEADLINE_MS
  const examined = await examinationOf(store, deadlineMs)
  const isDown = examined.findings.some(({ code }) => code === 'store-unavailable')
  const findings = [
    ...judgeOptions(options),
    ...judgeProcess(store, production),
    ...examined.findings,
    ...(isDown ? [] : await ping(store, environment, Math.max(LEAST_PATIENCE_MS, deadlineMs))),
  ]
  return { findings: findings.filter(({ code }) => !accept.includes(code)), unseen: examined.unseen }
}

/** @throws ConfigError */
export function refuseUnsound(examination: Examination): Examination {
  const voiding = examination.findings.filter(({ severity }) => severity === 'voids')
  if (voiding.length === 0) return examination
  throw new ConfigError(
    voiding.map(({ code, where, seen, fix }) => ({
      path: where === undefined ? code : `${code} (${where})`,
      message: `${seen} ${fix}`,
    })),
  )
}

export function problemsOf(
  options: Partial<Examined> | undefined,
  { accept = [] }: ExamineOptions,
): readonly ConfigProblem[] {
  const problems: ConfigProblem[] = []
  if (typeof options?.store?.ping !== 'function')
    problems.push({
      path: 'store',
      message: 'Pass the options that createSessions was given, or `{ store }` alone.',
    })
  if (!Array.isArray(accept)) return [...problems, { path: 'accept', message: 'Write a list of codes.' }]
  accept.forEach((code: string, index) => {
    if (!(FINDING_CODES as readonly string[]).includes(code))
      problems.push({
        path: `accept[${index}]`,
        message: 'There is no such finding. docs/doctor.md lists all codes.',
      })
  })
  return problems
}

/** A store may be somebody else's, and not keep its word. */
async function examinationOf(store: SessionStore, deadlineMs: number): Promise<Examination> {
  if (!isExaminable(store)) return { findings: [], unseen: [] }
  try {
    return await store.examine({ deadlineMs })
  } catch (error) {
    return { findings: [], unseen: [{ what: 'the store', because: textOf(error) }] }
  }
}

async function ping(
  store: SessionStore,
  environment: Environment,
  patienceMs: number,
): Promise<readonly Finding[]> {
  const because = await new Promise<string | undefined>((resolve) => {
    const timer = environment.after(patienceMs, () => resolve('It was not answered in time.'), {
      awaited: true,
    })
    const settle = (reason?: string): void => {
      timer.cancel()
      resolve(reason)
    }
    // One that is not of this package may throw at once.
    Promise.resolve()
      .then(() => store.ping())
      .then(
        () => settle(),
        (error: unknown) => settle(textOf(error)),
      )
  })
  if (because === undefined) return []
  return [
    finding('store-unavailable', {
      seen: `The store does not answer: ${because}`,
      fix: 'Look at the store; the page of the error code, if there is one, says what to do.',
    }),
  ]
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
