/** R6, R7: new tokens while requests with the old one are in flight. */
import type { Answer, Browser } from '../browser.ts'
import { ELEVATE, ME, regenerate, REVOKE_OTHERS, set, signIn, visit } from '../calls.ts'
import type { Scenario } from '../scenario.ts'
import type { World } from '../world.ts'

const PARALLEL = 4

export const parallel: Scenario = {
  id: 'R6',
  title: 'parallel regenerations leave two live sessions',
  needs: 'a new token for a session',
  async run(world) {
    const browser = await world.signedIn()
    await Promise.all(world.processes.map((process) => process.ask('watch', browser)))
    const because = world.run % 4 === 3 ? 'privilege' : 'age'
    const calls = Array.from({ length: PARALLEL }, () => ({ browser, call: regenerate(because) }))
    const answers = await world.collide(calls, 'opened')
    const failed = answers.find(({ status }) => status >= 500)
    if (failed !== undefined) return `a regeneration was answered with ${failed.status}`
    // A browser may use its cookie between any two of the answers, unless the old token died at once.
    const arrived = world.run % 2 === 0 ? answers : answers.toReversed()
    const lost = await loggedOutOnTheWay(world, browser, { arrived, everyStep: because === 'age' })
    return lost ?? (await otherTokensLive(world, browser, answers))
  },
}

async function loggedOutOnTheWay(
  world: World,
  browser: Browser,
  { arrived, everyStep }: { readonly arrived: readonly Answer[]; readonly everyStep: boolean },
): Promise<string | undefined> {
  for (const [index, answer] of arrived.entries()) {
    browser.follow(answer)
    if (!everyStep && index < arrived.length - 1) continue
    const { status } = await browser.go(world.at(index), ME)
    if (status !== 200)
      return `after answer ${index + 1} of ${arrived.length}, GET /me was answered with ${status}`
  }
  return undefined
}

/** One session lives, and no token that was handed out on the way names another. */
async function otherTokensLive(
  world: World,
  browser: Browser & { readonly sessionId: string },
  answers: readonly Answer[],
): Promise<string | undefined> {
  const ids = new Set((await world.seenBy(browser)).map(({ body }) => body['id']))
  if (ids.size !== 1) return 'the processes see different sessions'
  const tokens = new Set(answers.flatMap(({ setCookies }) => setCookies))
  if (tokens.size > 1) return `${tokens.size} different tokens were handed out`
  const peaks = await Promise.all(world.processes.map((process) => process.ask('peak')))
  if (peaks.some((peak) => peak !== undefined && peak > 1))
    return `${Math.max(...peaks.map(Number))} sessions were live`
  await browser.go(world.at(0), REVOKE_OTHERS)
  return await world.notSignedIn(browser)
}

export const oldToken: Scenario = {
  id: 'R7',
  title: 'a request with the old token gets its cookie replaced or cleared, and the user is logged out',
  needs: 'a new token for a session',
  async run(world) {
    const browser = await world.signedIn()
    if (world.run % 4 === 3 && world.offers('a grace for the old token'))
      return await withinGrace(world, browser)
    const old = browser.copy()
    const [renewal, late] = world.pick([
      [regenerate('privilege'), ME],
      [signIn(world.subject), ME],
      [ELEVATE, set('a', 'late')],
    ] as const)
    const inFlight = await world.sendHeld(world.at(0), { browser: old, call: late }, 'done')
    const renewed = await browser.go(world.at(1), renewal)
    if (renewed.status !== 200 || renewed.setCookies.length !== 1)
      return `the renewal was answered with ${renewed.status}`
    await inFlight.gate.open()
    const answers = [
      await inFlight.answer,
      ...(await world.seenBy(old)),
      await old.send(world.at(0), visit('a', 'later')),
    ]
    for (const answer of answers) browser.follow(answer)
    if (answers.some(({ setCookies }) => setCookies.length > 0))
      return 'an answer to the old token touched the cookie'
    if ((await world.stillSignedIn(old)) !== undefined) return 'the old token is good still'
    return await world.notSignedIn(browser)
  },
}

/** At the same privilege the old token stays good until the new one is used, and whoever brings it is handed the new one. */
async function withinGrace(world: World, browser: Browser): Promise<string | undefined> {
  const old = browser.copy()
  const inFlight = await world.sendHeld(world.at(0), { browser: old, call: ME }, 'opened')
  const renewed = await browser.send(world.at(1), regenerate('age'))
  const right = await old.send(world.at(0), ME)
  await inFlight.gate.open()
  const late = await inFlight.answer
  if (right.status !== 200 || late.status !== 200)
    return `within the grace: ${right.status} and ${late.status}`
  for (const answer of [right, renewed, late]) {
    browser.follow(answer)
    const lost = await world.notSignedIn(browser)
    if (lost !== undefined) return lost
  }
  return undefined
}
