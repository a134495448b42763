/** One case after another: what it needs, what came of it, and its end, whatever becomes of it. */
import { spawnSync } from 'node:child_process'
import { type CaseResult, type FaultCase, type Lab, type Need, NotRun } from './case.ts'
import { isInNetwork } from './namespaces.ts'

export interface Row extends Partial<CaseResult> {
  readonly fault: string
  readonly topology: string
  readonly title: string
  readonly ran: boolean
  /** Why it was not run, or how it failed. */
  readonly because?: string
  /** The lab itself went wrong: nothing is known. */
  readonly failed?: true
  readonly seconds: number
}

export type Conditions = Pick<Lab, 'scale' | 'seed' | 'broken' | 'log'> & {
  /** Why there is no network to cut, if there is none. */
  readonly noNetwork?: string
}

export async function runCase(fault: FaultCase, conditions: Conditions): Promise<Row> {
  const startedAt = performance.now()
  const row = { fault: fault.fault, topology: fault.topology, title: fault.title }
  const took = (): { readonly seconds: number } => ({
    seconds: Math.round((performance.now() - startedAt) / 100) / 10,
  })
  const missing = fault.needs
    .map((need) => problemWith(need, conditions))
    .find((problem) => problem !== undefined)
  if (missing !== undefined) return { ...row, ran: false, because: missing, ...took() }
  const ends: (() => unknown)[] = []
  try {
    const result = await fault.run({ ...conditions, clean: (up) => void ends.push(up) })
    return { ...row, ran: true, ...result, ...took() }
  } catch (error) {
    if (error instanceof NotRun) return { ...row, ran: false, because: error.message, ...took() }
    conditions.log(String((error as Error).stack ?? error))
    return { ...row, ran: false, because: `it failed: ${(error as Error).message}`, failed: true, ...took() }
  } finally {
    for (const end of ends.toReversed()) await ended(end, conditions)
  }
}

/** One that cannot be ended keeps nothing else from its end. */
async function ended(end: () => unknown, { log }: Conditions): Promise<void> {
  try {
    await end()
  } catch (error) {
    log(`What a case began did not end: ${String(error)}`)
  }
}

export function isBad({ failed, violations = 0 }: Row): boolean {
  return failed === true || violations > 0
}

const PROGRAMS: Readonly<Record<Exclude<Need, 'namespaces'>, string>> = {
  redis: 'redis-server',
  memcached: 'memcached',
}

function problemWith(need: Need, { noNetwork }: Conditions): string | undefined {
  if (need === 'namespaces') return isInNetwork() ? undefined : (noNetwork ?? 'it needs a network of its own')
  const program = PROGRAMS[need]
  return spawnSync(program, ['--version']).status === 0 ? undefined : `${program} is not installed`
}
