/** Everything that is known about the engine, put together when somebody looks. */
import type { DeploymentWatch } from '../deployment/deployment-watch.ts'
import type { PendingRevocations } from '../ending/pending.ts'
import type { Refusals } from '../ending/refusals.ts'
import { type Described, type Figure, type Measure, measuresItself, type SelfMeasuring } from '../measures.ts'
import { collect } from './collect.ts'
import type { Counts } from './counts.ts'
import type { DistinctSessions } from './distinct.ts'

export interface EngineMeasures extends SelfMeasuring {
  /** Another part that knows something of itself; one that does not is not asked. */
  add(part: object): void
}

export interface MeasuredParts {
  readonly counts: Counts
  readonly active: DistinctSessions
  readonly watch: DeploymentWatch
  readonly pending: PendingRevocations
  readonly refusals: Refusals
  /** Of every measure. */
  readonly attributes: Readonly<Record<string, string>>
}

export function createEngineMeasures(parts: MeasuredParts): EngineMeasures {
  const { counts, active, watch, pending, refusals, attributes } = parts
  const sources: SelfMeasuring[] = [{ measures: counters }, { measures: gauges }]
  let failures = 0

  function described(name: string, unit: string, description: string): Described {
    return { name, unit, description, attributes }
  }

  function gauge(of: Described, value: number): Figure {
    return { ...of, kind: 'gauge', value }
  }

  function counters(): readonly Measure[] {
    return [
      ...verdicts(),
      ...counts.created.measures(
        described('sojourn.sessions.created', '{session}', 'Sessions that began here.'),
        'lifetime',
      ),
      ...counts.ended.measures(
        described(
          'sojourn.sessions.ended',
          '{session}',
          'Sessions that left their roster by a change made here. One that only expires, or falls to a user-wide revocation, does so when its roster next changes, or never.',
        ),
        'reason',
      ),
      ...counts.refusedSignIns.measures(
        described('sojourn.sign_ins.refused', '{sign-in}', 'Sign-ins that were refused.'),
        'reason',
      ),
      ...counts.revocations.measures(
        described(
          'sojourn.revocations',
          '{revocation}',
          'Revocations that the store did not confirm at once, and those of them that it has confirmed since.',
        ),
        'outcome',
      ),
      ...counts.touches.measures(
        described(
          'sojourn.touches',
          '{touch}',
          'Extensions of an idle deadline: written, made needless by another one, or given up until the next request.',
        ),
        'outcome',
      ),
    ]
  }

  function verdicts(): readonly Figure[] {
    const kind = (name: string): Described => ({
      ...described(
        'sojourn.verdicts',
        '{check}',
        'Checks of a presented token, by what was answered and why.',
      ),
      attributes: { ...attributes, kind: name },
    })
    return [
      { ...kind('valid'), kind: 'counter', value: counts.valid },
      ...counts.none.measures(kind('none'), 'reason'),
      ...counts.unavailable.measures(kind('unavailable'), 'reason'),
    ]
  }

  function gauges(): readonly Measure[] {
    return [
      gauge(
        described(
          'sojourn.sessions.active',
          '{session}',
          'Different sessions that this process found good in the last five minutes. An estimate; its standard error is 1.6 %. Processes see the same sessions, so the sum counts some twice.',
        ),
        active.estimate(),
      ),
      gauge(
        described(
          'sojourn.revocations.pending',
          '{revocation}',
          'Revocations that the store has not confirmed and that are driven on.',
        ),
        pending.size,
      ),
      gauge(
        described(
          'sojourn.refusals.local',
          '{refusal}',
          'What this process refuses on its own, because the store may not know that it was revoked.',
        ),
        refusals.size,
      ),
      gauge(
        described(
          'sojourn.deployment.age',
          's',
          'Time since the epoch that ends everything was last confirmed. Past 5 s nothing is accepted until it is; a process without requests does not ask.',
        ),
        watch.age() / 1000,
      ),
    ]
  }

  function failed(): Figure {
    return {
      ...described('sojourn.measures.failed', '{look}', 'Looks at a part that did not answer with measures.'),
      kind: 'counter',
      value: failures,
    }
  }

  return {
    add(part) {
      if (measuresItself(part)) sources.push(part)
    },
    measures() {
      const found = collect(sources, () => void failures++)
      return [...found, failed()]
    },
  }
}
