/** R13: everything of a user is revoked while somebody is signing in with credentials that were checked before. */
import { Browser } from '../browser.ts'
import { ME, revokeAll, signIn, visit } from '../calls.ts'
import type { Scenario } from '../scenario.ts'
import type { World } from '../world.ts'

export const duringSignIn: Scenario = {
  id: 'R13',
  title:
    'revoke-all while a sign-in is in flight: a session survives that was created before the revoke was acknowledged',
  needs: 'an end to sign-ins in flight',
  async run(world) {
    const known = Math.floor(world.run / 4) % 2 === 0 ? await world.signedIn() : new Browser()
    const browser = new Browser()
    await (world.isShared ? world.pick(SHARED) : world.pick(SINGLE))(world, browser)
    return (await world.stillSignedIn(browser)) ?? (await world.stillSignedIn(known))
  },
}

type Interleaving = (world: World, browser: Browser) => Promise<void>

/** Credentials are being checked when the revocation is acknowledged. */
const beforeAdmission: Interleaving = async (world, browser) => {
  const signingIn = await world.sendHeld(world.at(0), { browser, call: signIn(world.subject) }, 'attempted')
  await revoke(world)
  await signingIn.gate.open()
  browser.follow(await signingIn.answer)
}

/** The same for a visitor whose session is to be taken over. */
const asVisitor: Interleaving = async (world, browser) => {
  await browser.go(world.at(1), visit('cart', 'shoes'))
  await beforeAdmission(world, browser)
}

/** The admission has read the roster and comes to the store after the revocation was acknowledged. */
const beforeCommit: Interleaving = async (world, browser) => {
  const signingIn = await world.sendHeld(world.at(0), { browser, call: signIn(world.subject) }, 'attempted')
  const commit = await world.holdCommit(world.at(0))
  await signingIn.gate.open()
  await commit.arrived()
  await revoke(world)
  await commit.open()
  browser.follow(await signingIn.answer)
}

/** The admission is in the store, and the answer leaves after the revocation was acknowledged. */
const beforeAnswer: Interleaving = async (world, browser) => {
  const signingIn = await world.sendHeld(world.at(0), { browser, call: signIn(world.subject) }, 'attempted')
  const commit = await world.holdCommit(world.at(0), { at: 'answer' })
  await signingIn.gate.open()
  await commit.arrived()
  await revoke(world)
  await commit.open()
  browser.follow(await signingIn.answer)
}

/** In one process the revocation waits in line behind the admission; its handler waits meanwhile. */
const behindCommit: Interleaving = async (world, browser) => {
  const signingIn = await world.sendHeld(world.at(0), { browser, call: signIn(world.subject) }, 'attempted')
  const commit = await world.holdCommit(world.at(0))
  await signingIn.gate.open()
  await commit.arrived()
  const revoking = await world.sendHeld(
    world.at(1),
    { browser: new Browser(), call: revokeAll(world.subject) },
    'opened',
  )
  await revoking.gate.open()
  // An answer from the same process says that the revocation is in the line.
  await new Browser().send(world.at(1), ME)
  await commit.open()
  const [signedIn, revoked] = await Promise.all([signingIn.answer, revoking.answer])
  if (revoked.status !== 200) throw new Error(`The revocation was answered with ${revoked.status}.`)
  browser.follow(signedIn)
}

/** The handler is done and the cookie is about to leave. */
const beforeResponse: Interleaving = async (world, browser) => {
  const signingIn = await world.sendHeld(world.at(0), { browser, call: signIn(world.subject) }, 'done')
  await revoke(world)
  await signingIn.gate.open()
  browser.follow(await signingIn.answer)
}

const SHARED = [beforeAdmission, beforeCommit, beforeAnswer, asVisitor] as const
const SINGLE = [beforeAdmission, behindCommit, beforeResponse, asVisitor] as const

async function revoke(world: World): Promise<void> {
  const { status } = await new Browser().send(world.at(1), revokeAll(world.subject))
  if (status !== 200) throw new Error(`The revocation was answered with ${status}.`)
}
