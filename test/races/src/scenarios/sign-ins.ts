/** R8, R9: concurrent sign-ins of one user. */
import { Browser } from '../browser.ts'
import { REVOKE_OTHERS, signIn } from '../calls.ts'
import type { Scenario } from '../scenario.ts'
import type { Reader } from '../system.ts'
import type { World } from '../world.ts'

export const revokeOthers: Scenario = {
  id: 'R8',
  title: '4 concurrent sign-ins, then "revoke others" leaves another session authenticated',
  needs: 'a user’s other sessions',
  async run(world) {
    const browsers = await signInTogether(world, 4)
    if (browsers.some(({ hasCookies }) => !hasCookies)) return 'a sign-in was refused'
    const [own, ...others] = browsers as [Browser, ...Browser[]]
    const { status } = await own.go(world.at(1), REVOKE_OTHERS)
    if (status !== 200) return `"revoke others" was answered with ${status}`
    const left = await Promise.all(others.map((other) => world.stillSignedIn(other)))
    return left.find((still) => still !== undefined) ?? (await world.notSignedIn(own))
  },
}

const LIMIT = 3
const MORE = 5
/** On servers, a crowd besides: from all processes at once, and never more than this. */
const CROWD_LIMIT = 5
const CROWD = 100

export const deviceLimit: Scenario = {
  id: 'R9',
  title: 'N+5 concurrent sign-ins with a limit of N leave more than N live at any instant',
  needs: 'a device limit',
  applications: ({ servers }) => [
    { devices: { limit: LIMIT, policy: 'evict-oldest' } },
    { devices: { limit: LIMIT, policy: 'reject' } },
    ...(servers === undefined ? [] : [{ devices: { limit: CROWD_LIMIT, policy: 'evict-oldest' as const } }]),
  ],
  async run(world) {
    const limit = world.cluster.options.devices?.limit ?? LIMIT
    const first = await world.signedIn()
    await Promise.all(world.processes.map((process) => process.ask('watch', { sessionId: first.sessionId })))
    const signingIn = (): Promise<readonly Browser[]> =>
      signInTogether(world, limit === CROWD_LIMIT ? CROWD : LIMIT + MORE)
    const { done: browsers, most } = await whileCounting(signingIn, {
      reader: world.reader(),
      sessionId: first.sessionId,
    })
    const peaks = await Promise.all(world.processes.map((process) => process.ask('peak')))
    const peak = Math.max(most, ...peaks.map(Number))
    if (peak > limit) return `${peak} sessions were live at one instant`
    let count = 0
    // One by one: a hundred at once are late for their deadlines.
    for (const browser of [first, ...browsers])
      if ((await world.stillSignedIn(browser)) !== undefined) count += 1
    return count === limit ? undefined : `${count} tokens authenticate at the end`
  },
}

/** From browsers that nobody has seen before; each process has admitted nobody when each begins to. */
async function signInTogether(world: World, count: number): Promise<readonly Browser[]> {
  const browsers = Array.from({ length: count }, () => new Browser())
  const requests = browsers.map((browser) => ({ browser, call: signIn(world.subject) }))
  const answers = await world.collide(requests, 'attempted')
  for (const [index, answer] of answers.entries()) browsers[index]?.follow(answer)
  const wrong = answers.find(({ status, setCookies }) => (status === 200) !== (setCookies.length === 1))
  if (wrong !== undefined)
    throw new Error(`A sign-in was answered with ${wrong.status} and ${wrong.setCookies.length} cookies.`)
  return browsers
}

/** The most that the reader saw until the work was done: it counts over and over, on a connection of its own. */
async function whileCounting<Done>(
  work: () => Promise<Done>,
  { reader, sessionId }: { readonly reader: Reader | undefined; readonly sessionId: string },
): Promise<{ readonly done: Done; readonly most: number }> {
  const stop = new AbortController()
  const counting = reader === undefined ? 0 : highest(reader, sessionId, stop.signal)
  try {
    const [done, most] = await Promise.all([work().finally(() => stop.abort()), counting])
    return { done, most }
  } finally {
    await reader?.close()
  }
}

async function highest(reader: Reader, sessionId: string, stop: AbortSignal): Promise<number> {
  let peak = 0
  while (!stop.aborted) {
    peak = Math.max(peak, await reader.count(sessionId))
    await new Promise((resolve) => setImmediate(resolve))
  }
  return peak
}
