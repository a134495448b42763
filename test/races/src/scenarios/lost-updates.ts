/** R1, R2, R5: parallel requests of one session, and what becomes of what they wrote. */
import { increment, ME, set } from '../calls.ts'
import type { Scenario } from '../scenario.ts'
import type { Browser } from '../browser.ts'
import type { World } from '../world.ts'

export const twoKeys: Scenario = {
  id: 'R1',
  title: 'two parallel requests write different keys, one is lost',
  async run(world) {
    const browser = await world.signedIn()
    const answers = await world.collide(
      [set('a', 'first'), set('b', 'second')].map((call) => ({ browser, call })),
      'done',
    )
    const refused = answers.find(({ status }) => status !== 200)
    if (refused !== undefined) return `a write was answered with ${refused.status}`
    return await dataIsNot(world, browser, { a: 'first', b: 'second' })
  },
}

export const increments: Scenario = {
  id: 'R2',
  title: '50 parallel increments',
  async run(world) {
    const browser = await world.signedIn()
    const requests = Array.from({ length: 50 }, () => ({ browser, call: increment('count') }))
    await world.collide(requests, 'done')
    return await dataIsNot(world, browser, { count: 50 })
  },
}

export const slowReader: Scenario = {
  id: 'R5',
  title: 'a write lost because a read-only request ended later',
  async run(world) {
    const browser = await world.signedIn()
    await world.untilTouchIsDue()
    await (world.holdsTouches ? world.pick([plain, touchHeld, writeHeld]) : plain)(world, browser)
    await world.quiet()
    return await dataIsNot(world, browser, { a: 'written' })
  },
}

const WRITE = set('a', 'written')

/** The reader began first, and answers last. */
async function plain(world: World, browser: Browser): Promise<void> {
  const reader = await world.sendHeld(world.at(0), { browser, call: ME }, 'opened')
  browser.follow(await browser.send(world.at(1), WRITE))
  await reader.gate.open()
  browser.follow(await reader.answer)
}

/** The reader's touch has read the session and is overtaken by the write. */
async function touchHeld(world: World, browser: Browser): Promise<void> {
  const touch = await world.holdCommit(world.at(0))
  const reader = await world.sendHeld(world.at(0), { browser, call: ME }, 'opened')
  await touch.arrived()
  browser.follow(await browser.send(world.at(1), WRITE))
  await touch.open()
  await reader.gate.open()
  browser.follow(await reader.answer)
}

/** The write has read the session and is overtaken by the reader's touch. */
async function writeHeld(world: World, browser: Browser): Promise<void> {
  const writer = await world.sendHeld(world.at(1), { browser, call: WRITE }, 'done')
  await world.quiet()
  await world.untilTouchIsDue()
  const write = await world.holdCommit(world.at(1))
  await writer.gate.open()
  await write.arrived()
  const reader = await world.sendHeld(world.at(0), { browser, call: ME }, 'opened')
  await world.at(0).ask('quiet')
  await write.open()
  browser.follow(await writer.answer)
  await reader.gate.open()
  browser.follow(await reader.answer)
}

async function dataIsNot(
  world: World,
  browser: Browser,
  wanted: Readonly<Record<string, unknown>>,
): Promise<string | undefined> {
  for (const { status, body } of await world.seenBy(browser)) {
    if (status !== 200) return `GET /me was answered with ${status}`
    const data = body['data'] as Record<string, unknown>
    const wrong = Object.entries(wanted).find(([key, value]) => data[key] !== value)
    if (wrong !== undefined)
      return `${wrong[0]} is ${JSON.stringify(data[wrong[0]])} and should be ${JSON.stringify(wrong[1])}`
  }
  return undefined
}
