/**
 * The doctor: `sojourn/doctor`. It compares what is configured with what the promises rest on (docs/stores.md, "What
 * holds where") and tells what it found, as data. It asks the store's machinery, changes nothing, and is on no request's
 * path. What can be found: `core/findings.ts`; how to use it: docs/doctor.md.
 */
import { systemEnvironment } from '../environment/system.ts'
import { examineIn, type Examined, type ExamineOptions, refuseUnsound } from './examine.ts'
import { keepWatch, type Watch, type WatchOptions } from './watch.ts'
import type { Examination } from '../core/findings.ts'

export type {
  Examinable,
  Examination,
  Examining,
  Finding,
  FindingCode,
  Severity,
  Unseen,
} from '../core/findings.ts'
export { FINDING_CODES, meaningOf } from '../core/findings.ts'
export type { Examined, ExamineOptions } from './examine.ts'
export type { FindingsChange, Watch, WatchOptions } from './watch.ts'

/**
 * Looks once. `options` are those that `createSessions` was given; `{ store }` alone examines the store.
 *
 * Rejects for nothing that it finds: a store that does not answer is a finding.
 * **Cost**: on Redis some fifteen commands for each primary; some seconds where something hangs.
 * @throws ConfigError when there is no store, or `accept` names no code
 */
export async function examine(options: Examined, asked: ExamineOptions = {}): Promise<Examination> {
  return examineIn(options, asked, surroundings(options))
}

/**
 * As `examine`, for the start of an application: rejects when something voids a promise. What only weakens or costs is
 * in the answer, and so is what could not be looked at.
 *
 * @throws ConfigError that lists every finding which voids a promise, with its fix
 */
export async function assertSound(options: Examined, asked: ExamineOptions = {}): Promise<Examination> {
  return refuseUnsound(await examine(options, asked))
}

/**
 * Looks at once and then again and again, and tells what changed. The answer has the figures for an alarm; it does not
 * keep the process alive. Close it before the store.
 *
 * @throws ConfigError listing every problem with the options
 */
export function watchFindings(options: Examined, asked: WatchOptions = {}): Watch {
  return keepWatch(options, asked, surroundings(options))
}

function surroundings(options: Examined): Parameters<typeof examineIn>[2] {
  return {
    environment: options?.environment ?? systemEnvironment,
    production: process.env['NODE_ENV'] === 'production',
  }
}
