/**
 * R14: what one request that only reads asks of the store. A server counts the commands itself, whoever sent them;
 * a store that lives in the processes is counted there.
 */
import type { Browser } from '../browser.ts'
import { ME } from '../calls.ts'
import type { AppProcess } from '../cluster.ts'
import type { Scenario } from '../scenario.ts'
import type { Servers } from '../servers.ts'
import type { World } from '../world.ts'

const REQUESTS = 10
const MOST_ATTEMPTS = 3
/** Of the harness, which asks for the statistics. */
const ASKING = ['info', 'auth', 'hello']

export const readOnly: Scenario = {
  id: 'R14',
  title: 'store calls for one read-only authenticated request (want 1, or 0 when cached)',
  applications: ({ servers }) => (servers === undefined ? [{}, { faults: true }] : [{}]),
  async run(world) {
    const { servers } = world.cluster
    const browser = await world.signedIn()
    // A scenario before may have restarted the servers: each process is connected again.
    await world.seenBy(browser)
    await world.quiet()
    for (const process of world.processes) {
      const problem = await (servers === undefined
        ? costlyReads(process, browser)
        : costlyCommands(world, servers, { process, browser }))
      if (problem !== undefined) return problem
    }
    return undefined
  },
}

/** The deployment's document is renewed every few seconds, whatever the number of requests: it is counted apart. */
async function costlyReads(
  process: AppProcess,
  browser: Browser & { readonly sessionId: string },
): Promise<string | undefined> {
  const { sessionId } = browser
  await process.ask('quiet')
  const renewals = await callsOf(process, 'documents')
  for (let left = REQUESTS; left > 0; left--) {
    const before = await callsOf(process, { sessionId })
    const { status } = await browser.go(process, ME)
    await process.ask('quiet')
    const calls = (await callsOf(process, { sessionId })) - before
    if (status !== 200) return `GET /me was answered with ${status}`
    if (calls > 1) return `it made ${calls} store calls`
  }
  const more = (await callsOf(process, 'documents')) - renewals
  return more > 1 ? `${REQUESTS} requests read the deployment ${more} times` : undefined
}

/**
 * Exactly one for each request. With copies: one for the first request, which fetches it, and none for the others. What
 * an earlier scenario left to be done later may fall among them; it does so once, and what a request costs is paid each time.
 */
async function costlyCommands(
  world: World,
  servers: Servers,
  { process, browser }: { readonly process: AppProcess; readonly browser: Browser },
): Promise<string | undefined> {
  if (world.keepsCopies) await read(process, browser)
  const wanted = world.keepsCopies ? 0 : REQUESTS
  let sent: ReadonlyMap<string, number> = new Map()
  for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
    const before = await commandsFor(world, servers)
    for (let left = REQUESTS; left > 0; left--) await read(process, browser)
    sent = difference(before, await commandsFor(world, servers))
    if (sumOf([...sent.values()]) === wanted) return undefined
  }
  return `${REQUESTS} requests sent ${textOf(sent)}`
}

function difference(
  before: ReadonlyMap<string, number>,
  after: ReadonlyMap<string, number>,
): ReadonlyMap<string, number> {
  return new Map([...after].map(([name, count]) => [name, count - (before.get(name) ?? 0)]))
}

async function read(process: AppProcess, browser: Browser): Promise<void> {
  const { status } = await browser.go(process, ME)
  await process.ask('quiet')
  if (status !== 200) throw new Error(`GET /me was answered with ${status}.`)
}

/** Without what clocks send: heartbeats, and the renewals of the deployment's document, one command each. */
async function commandsFor({ cluster }: World, servers: Servers): Promise<ReadonlyMap<string, number>> {
  const apart = new Set([...ASKING, ...(cluster.system.clockwork ?? [])])
  const renewals = await Promise.all(cluster.processes.map((process) => callsOf(process, 'documents')))
  const counts = [...(await servers.commands())].filter(([name]) => !apart.has(name))
  return new Map([...counts, ['renewals', -sumOf(renewals)]])
}

function textOf(sent: ReadonlyMap<string, number>): string {
  const parts = [...sent].filter(([, count]) => count !== 0).map(([name, count]) => `${count} × ${name}`)
  return parts.join(', ') || 'nothing'
}

async function callsOf(
  process: AppProcess,
  about: { readonly sessionId: string } | 'documents',
): Promise<number> {
  return Number(await process.ask('storeCalls', { about }))
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0)
}
