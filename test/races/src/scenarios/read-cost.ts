/** R14: what one request that only reads asks of the store. */
import type { Browser } from '../browser.ts'
import { ME } from '../calls.ts'
import type { AppProcess } from '../cluster.ts'
import type { Scenario } from '../scenario.ts'

const REQUESTS = 10

export const readOnly: Scenario = {
  id: 'R14',
  title: 'store calls for one read-only authenticated request (want 1, or 0 when cached)',
  applications: [{}, { faults: true }],
  async run(world) {
    const browser = await world.signedIn()
    for (const process of world.processes) {
      const problem = await costlyReads(process, browser)
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

async function callsOf(
  process: AppProcess,
  about: { readonly sessionId: string } | 'documents',
): Promise<number> {
  return Number(await process.ask('storeCalls', { about }))
}
