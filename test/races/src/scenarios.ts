/** Every scenario, in the order of the table of races. A new one is a file in `scenarios/` and a line here. */
import type { Scenario } from './scenario.ts'
import { whileReading, whileWriting } from './scenarios/logout.ts'
import { increments, slowReader, twoKeys } from './scenarios/lost-updates.ts'
import { storeDown, storeHangs } from './scenarios/outage.ts'
import { readOnly } from './scenarios/read-cost.ts'
import { oldToken, parallel } from './scenarios/regeneration.ts'
import { duringSignIn } from './scenarios/revoke-all.ts'
import { deviceLimit, revokeOthers } from './scenarios/sign-ins.ts'

export const SCENARIOS: readonly Scenario[] = [
  twoKeys,
  increments,
  whileWriting,
  whileReading,
  slowReader,
  parallel,
  oldToken,
  revokeOthers,
  deviceLimit,
  storeHangs,
  storeDown,
  duringSignIn,
  readOnly,
]
