/** R3, R4: a logout while another request of the session is in flight. The session must stay dead. */
import type { Browser } from '../browser.ts'
import { ME, set, SIGN_OUT } from '../calls.ts'
import type { Scenario } from '../scenario.ts'
import type { World } from '../world.ts'

export const whileWriting: Scenario = {
  id: 'R3',
  title: 'logout while a writing request is in flight, old cookie still logged in',
  async run(world) {
    const browser = await world.signedIn()
    const old = browser.copy()
    await (world.isShared ? world.pick([writerBeforeCommit, writerInCommit]) : writerBeforeCommit)(
      world,
      browser,
    )
    return await stillIn(world, [old, browser])
  },
}

export const whileReading: Scenario = {
  id: 'R4',
  title: 'logout while a read-only request is in flight, still logged in',
  async run(world) {
    const browser = await world.signedIn()
    const old = browser.copy()
    await world.untilTouchIsDue()
    await (world.holdsTouches ? world.pick([reader, readerWhoseTouchIsHeld]) : reader)(world, browser)
    await world.quiet()
    return await stillIn(world, [old, browser])
  },
}

/** The writer's handler is done; nothing was committed when the logout was acknowledged. */
async function writerBeforeCommit(world: World, browser: Browser): Promise<void> {
  const writer = await world.sendHeld(world.at(0), { browser, call: set('a', 'late') }, 'done')
  await signOut(world, browser)
  await writer.gate.open()
  browser.follow(await writer.answer)
}

/** The writer's commit has read the session, and reaches the store after the logout was acknowledged. */
async function writerInCommit(world: World, browser: Browser): Promise<void> {
  const writer = await world.sendHeld(world.at(0), { browser, call: set('a', 'late') }, 'done')
  const commit = await world.holdCommit(world.at(0))
  await writer.gate.open()
  await commit.arrived()
  await signOut(world, browser)
  await commit.open()
  browser.follow(await writer.answer)
}

async function reader(world: World, browser: Browser): Promise<void> {
  const reading = await world.sendHeld(world.at(0), { browser, call: ME }, 'opened')
  await signOut(world, browser)
  await reading.gate.open()
  browser.follow(await reading.answer)
}

async function readerWhoseTouchIsHeld(world: World, browser: Browser): Promise<void> {
  const touch = await world.holdCommit(world.at(0))
  const reading = await world.sendHeld(world.at(0), { browser, call: ME }, 'opened')
  await touch.arrived()
  await signOut(world, browser)
  await touch.open()
  await reading.gate.open()
  browser.follow(await reading.answer)
}

async function signOut(world: World, browser: Browser): Promise<void> {
  const answer = await browser.go(world.at(1), SIGN_OUT)
  if (answer.status !== 200) throw new Error(`The logout was answered with ${answer.status}.`)
}

async function stillIn(world: World, browsers: readonly Browser[]): Promise<string | undefined> {
  for (const browser of browsers) {
    const still = await world.stillSignedIn(browser)
    if (still !== undefined) return still
  }
  return undefined
}
