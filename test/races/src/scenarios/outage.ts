/**
 * R10, R11: the store hangs, or is down. That is a 503, and never a logout. Where there are servers, they are stopped
 * and killed; where the store lives in the processes, it is broken there.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { Answer, Browser, Call } from '../browser.ts'
import { ME, ME_FOR_SURE, set, signIn } from '../calls.ts'
import type { Fault } from '../messages.ts'
import type { ApplicationOptions, Scenario } from '../scenario.ts'
import type { System } from '../system.ts'
import type { World } from '../world.ts'

interface Outage {
  readonly fault: Fault
  readonly calls: readonly ((world: World) => Call)[]
}

/** Servers are told the first: they cannot be broken for some commands only. */
type Outages = readonly [Outage, ...Outage[]]

const read = (): Call => ME
const write = (): Call => set('a', 'during')
const signInAgain = ({ subject }: World): Call => signIn(subject)

const HANGING: Outages = [
  { fault: { how: 'hang' }, calls: [read, write] },
  { fault: { how: 'hang', on: 'read' }, calls: [read, write] },
]
const FAILING: Outages = [
  { fault: { how: 'fail' }, calls: [read, write, signInAgain] },
  { fault: { how: 'fail', on: 'commit' }, calls: [write, signInAgain] },
]
/** Eight times the deadline of a check: only what hangs takes longer. */
const HANGS_AFTER_MS = 2_000
/** A sign-in may use up the deadlines of three store calls, of two seconds each. */
const HANGS_IN_A_CHANGE_AFTER_MS = 8_000
/** Restarts and new connections take a second or two. */
const MOST_RUNS_ON_SERVERS = 5

const applications = ({ servers }: System): readonly ApplicationOptions[] =>
  servers === undefined ? [{ faults: true }] : [{}]
const mostRuns = ({ servers }: System): number =>
  servers === undefined ? Number.POSITIVE_INFINITY : MOST_RUNS_ON_SERVERS

export const storeHangs: Scenario = {
  id: 'R10',
  title: 'store stopped (SIGSTOP): the request hangs',
  applications,
  mostRuns,
  run: (world) => during(world, { outages: HANGING, longestMs: HANGS_AFTER_MS }),
}

export const storeDown: Scenario = {
  id: 'R11',
  title: 'store down: a protected route says 401 or clears the cookie, as if logged out',
  applications,
  mostRuns,
  run: (world) => during(world, { outages: FAILING, longestMs: HANGS_IN_A_CHANGE_AFTER_MS }),
}

async function during(
  world: World,
  { outages, longestMs }: { readonly outages: Outages; readonly longestMs: number },
): Promise<string | undefined> {
  const browser = await world.signedIn()
  const { fault, calls } = world.cluster.servers === undefined ? world.pick(outages) : outages[0]
  // Each process has seen the session before, and keeps a copy if it keeps any.
  await world.seenBy(browser)
  await world.breakStore(fault)
  const copied = world.keepsCopies ? await withinLease(world, browser, longestMs) : undefined
  await world.untilCopiesEnd()
  const answers = await inTime(
    longestMs,
    calls.flatMap((call) => world.processes.map((process) => browser.send(process, call(world)))),
  )
  await world.heal()
  if (answers === undefined) return `no answer in ${longestMs / 1000} s`
  for (const answer of answers) browser.follow(answer)
  return copied ?? problemIn(answers) ?? (await afterwards(world, browser))
}

/** A copy that was confirmed a moment ago may be used until the lease ends, unless the route asks for more. */
async function withinLease(world: World, browser: Browser, longestMs: number): Promise<string | undefined> {
  const late = await inTime(
    longestMs,
    world.processes.map((process) => browser.send(process, ME)),
  )
  const sure = await inTime(
    longestMs,
    world.processes.map((process) => browser.send(process, ME_FOR_SURE)),
  )
  if (late === undefined || sure === undefined) return `no answer in ${longestMs / 1000} s`
  return (
    problemIn(late.filter(({ status, setCookies }) => status !== 200 || setCookies.length > 0)) ??
    problemIn(sure)
  )
}

/** `undefined` when one of them takes longer. */
async function inTime(
  longestMs: number,
  answers: readonly Promise<Answer>[],
): Promise<readonly Answer[] | undefined> {
  const waiting = new AbortController()
  const tooLong = delay(longestMs, undefined, { signal: waiting.signal }).catch(() => undefined)
  try {
    return await Promise.race([Promise.all(answers), tooLong])
  } finally {
    waiting.abort()
  }
}

function problemIn(answers: readonly Answer[]): string | undefined {
  return answers.map(problemWith).find((problem) => problem !== undefined)
}

function problemWith({ status, retryAfter, setCookies }: Answer): string | undefined {
  if (status !== 503) return `a request was answered with ${status}`
  if (!/^[1-9]\d*$/.test(retryAfter ?? '')) return `Retry-After is ${retryAfter}`
  return setCookies.length > 0 ? 'an answer touched the cookie' : undefined
}

async function afterwards(world: World, browser: Browser): Promise<string | undefined> {
  const lost = await world.notSignedIn(browser)
  return lost === undefined ? undefined : `after the recovery: ${lost}`
}
