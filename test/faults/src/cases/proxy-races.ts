/** F29 to F32: what happens to a session or a subject at the same moment in several applications. */
import type { Application, Call, Called, Held } from '../application.ts'
import type { FaultCase } from '../case.ts'
import { successors } from '../checkers/successors.ts'
import { answeredBy, signedIn } from '../crowd.ts'
import { historyOf } from '../drill.ts'
import { until } from '../patience.ts'
import { raced } from '../race.ts'
import { mostRecords } from '../roster-reader.ts'

const SCALES = {
  short: {
    renewed: 10,
    askers: 12,
    logouts: 200,
    batch: 50,
    subjects: 3,
    signIns: 30,
    revokedSubjects: 3,
    attempts: 30,
  },
  full: {
    renewed: 200,
    askers: 30,
    logouts: 10_000,
    batch: 100,
    subjects: 20,
    signIns: 50,
    revokedSubjects: 40,
    attempts: 200,
  },
} as const

const LIMIT = 5

/** Of a subject of which nothing is to be evicted. */
const ROOMY = 250
/** The first use of a new token ends the one before by a write that nobody waits for: as long as a commit may take. */
const SETTLED_MS = 2_000
/** In every so-manieth run. */
const LOST_EVERY = 3

const logoutsAndSaves = raced({
  fault: 'F30',
  title: 'sign-outs, and saves of the same sessions that are in flight',
  limit: ROOMY,
  async run(ground, lab) {
    const { logouts, batch } = SCALES[lab.scale]
    const [saving, leaving] = ground.apps as readonly [Application, Application]
    const alive: Held[] = []
    for (let begun = 0; begun < logouts; begun += batch) {
      const sessions = await signedIn(saving, { count: batch, as: `user-${begun}` })
      const all = (op: 'hold' | 'change' | 'signOut'): readonly Call[] =>
        sessions.map(({ token }) => ({ op, token }))
      const atOnce = { atOnce: batch }
      await Promise.all([saving.calls(all('hold'), atOnce), leaving.calls(all('hold'), atOnce)])
      const inFlight = [
        () => saving.calls(all('change'), atOnce),
        () => leaving.calls(all('signOut'), atOnce),
      ]
      // Each goes first in its turn.
      const sent = (begun / batch) % 2 === 0 ? inFlight : inFlight.toReversed()
      await Promise.all(sent.map((send) => send()))
      alive.push(...(await acceptedBy(leaving, sessions)))
    }
    return [{ what: 'sessions that a save brought back', violations: alive.length, of: logouts }]
  },
})

const deviceLimit = raced({
  fault: 'F31',
  title: `many sign-ins of one subject at once in three applications; limit ${LIMIT}`,
  limit: LIMIT,
  async run(ground, lab) {
    const { subjects, signIns } = SCALES[lab.scale]
    let most = 0
    for (let index = 0; index < subjects; index++) {
      const subject = `subject-${index}`
      const [first] = await signedIn(ground.beside, { count: 1, as: subject })
      const reading = mostRecords(ground.server, first)
      await Promise.all(inTurns(ground.apps, signIns, () => ({ op: 'signIn', subject: `${subject}-0` })))
      most = Math.max(most, await reading.stop())
    }
    return [
      {
        what: `records beyond ${LIMIT} in the store, by an independent reader`,
        violations: Math.max(0, most - LIMIT),
        of: most,
      },
    ]
  },
})

const revokedMeanwhile = raced({
  fault: 'F32',
  title: 'all sessions of a subject are revoked during its sign-ins',
  limit: ROOMY,
  async run(ground, lab) {
    const { revokedSubjects, attempts } = SCALES[lab.scale]
    const before: Held[] = []
    const survivors: Held[] = []
    for (let index = 0; index < revokedSubjects; index++) {
      const subject = `subject-${index}`
      await Promise.all(inTurns(ground.apps, attempts, () => ({ op: 'attempt', subject })))
      const [signIns] = await Promise.all([
        Promise.all(inTurns(ground.apps, attempts, () => ({ op: 'signIn', subject }))),
        ground.beside.call({ op: 'revokeAll', subject }),
      ])
      const begun = signIns.flat().flatMap(({ held }) => held ?? [])
      before.push(...begun)
      survivors.push(...(await acceptedBy(ground.beside, begun)))
    }
    return [
      {
        what: 'sessions of before the revocation that survived it',
        violations: survivors.length,
        of: before.length,
      },
    ]
  },
})

const newTokens = raced({
  fault: 'F29',
  title: 'many new tokens for one session are asked for at once, and some connections are lost',
  limit: ROOMY,
  hasGrace: true,
  async run(ground, lab) {
    const { renewed, askers } = SCALES[lab.scale]
    const { apps, behind } = ground
    let given = 0
    for (let index = 0; index < renewed; index++) {
      const [held] = await signedIn(ground.beside, { count: 1, as: `renewed-${index}` })
      const { token = '' } = held ?? {}
      await Promise.all(inTurns(apps, apps.length, () => ({ op: 'verify', token })))
      const asked = inTurns(apps, askers, () => ({ op: 'regenerate', token, because: 'age' }))
      if (index % LOST_EVERY === 0) for (const { link } of behind) link.drop()
      const answers = (await Promise.all(asked)).flat()
      const tokens = new Set(answers.flatMap((called) => called.held?.token ?? []))
      given += tokens.size
      for (const next of tokens) await answeredBy(ground.beside, [{ session: '', subject: '', token: next }])
      await until('the token before is refused', async () => {
        const { operation } = await ground.beside.call({ op: 'verify', token })
        return operation.result === 'none'
      })
    }
    const found = successors(await historyOf(apps), { boundMs: () => SETTLED_MS })
    return [
      { what: 'tokens accepted beside the one successor', violations: found.violations.length, of: given },
      {
        what: 'tokens of one generation beyond one',
        violations: Math.max(0, found.mostOfOneGeneration - 1),
        of: found.mostOfOneGeneration,
      },
    ]
  },
})

export const raceCases: readonly FaultCase[] = [newTokens, logoutsAndSaves, deviceLimit, revokedMeanwhile]

/** So many calls, each application its share of them, all at once. */
function inTurns(
  apps: readonly Application[],
  count: number,
  call: () => Call,
): readonly Promise<readonly Called[]>[] {
  const share = Math.ceil(count / apps.length)
  return apps.map((app) => app.calls(Array.from({ length: share }, call), { atOnce: share }))
}

async function acceptedBy(app: Application, sessions: readonly Held[]): Promise<readonly Held[]> {
  const seen = await app.calls(sessions.map(({ token }): Call => ({ op: 'verify', token, mode: 'strict' })))
  return sessions.filter((_, index) => seen[index]?.operation.result === 'valid')
}
