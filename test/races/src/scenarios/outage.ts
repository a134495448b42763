/** R11: the store is down. That is a 503, and never a logout. */
import type { Answer, Browser, Call } from '../browser.ts'
import { ME, set, signIn } from '../calls.ts'
import type { Fault } from '../messages.ts'
import type { Scenario } from '../scenario.ts'
import type { World } from '../world.ts'

export const storeDown: Scenario = {
  id: 'R11',
  title: 'store down: a protected route says 401 or clears the cookie, as if logged out',
  applications: [{ faults: true }],
  async run(world) {
    const browser = await world.signedIn()
    const { fault, calls } = world.pick(OUTAGES)
    await Promise.all(world.processes.map((process) => process.ask('breakStore', fault)))
    const answers = await Promise.all(
      calls.flatMap((call) => world.processes.map((process) => browser.send(process, call(world)))),
    )
    await world.heal()
    for (const answer of answers) browser.follow(answer)
    return (
      answers.map(problemWith).find((problem) => problem !== undefined) ?? (await afterwards(world, browser))
    )
  },
}

const read = (): Call => ME
const write = (): Call => set('a', 'during')
const signInAgain = ({ subject }: World): Call => signIn(subject)

const OUTAGES: readonly { readonly fault: Fault; readonly calls: readonly ((world: World) => Call)[] }[] = [
  { fault: { how: 'fail' }, calls: [read, write, signInAgain] },
  { fault: { how: 'hang', on: 'read' }, calls: [read, write] },
  { fault: { how: 'fail', on: 'commit' }, calls: [write, signInAgain] },
  { fault: { how: 'hang' }, calls: [read] },
]

function problemWith({ status, retryAfter, setCookies }: Answer): string | undefined {
  if (status !== 503) return `a request was answered with ${status}`
  if (!/^[1-9]\d*$/.test(retryAfter ?? '')) return `Retry-After is ${retryAfter}`
  return setCookies.length > 0 ? 'an answer touched the cookie' : undefined
}

async function afterwards(world: World, browser: Browser): Promise<string | undefined> {
  const lost = await world.notSignedIn(browser)
  return lost === undefined ? undefined : `after the recovery: ${lost}`
}
