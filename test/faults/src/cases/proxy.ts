/** The cases that need one Redis and no network of their own, in the order of the table of faults. */
import type { FaultCase } from '../case.ts'
import { eviction } from './proxy-eviction.ts'
import { invalidationCases } from './proxy-invalidation.ts'
import { killedApplications } from './proxy-killed.ts'
import { raceCases } from './proxy-races.ts'
import { reconnects } from './proxy-reconnects.ts'
import { refusingCases } from './proxy-refusing.ts'
import { rushCases } from './proxy-rush.ts'
import { slowCases } from './proxy-slow.ts'
import { stoppedApplication } from './proxy-stopped.ts'
import { strayAnswers } from './proxy-stray.ts'

export const proxyCases: readonly FaultCase[] = [
  ...invalidationCases,
  eviction,
  ...refusingCases,
  stoppedApplication,
  ...rushCases,
  reconnects,
  ...slowCases,
  ...raceCases,
  strayAnswers,
  killedApplications,
]
