/** Many clients at once, and what they were answered. */
import { setTimeout as delay } from 'node:timers/promises'
import { expect, onTestFinished } from 'vitest'
import type { App } from './processes.ts'
import { type Answer, type Client, clears, createClient } from './client.ts'

export interface Load {
  /** Resolves when all that were sent are answered. */
  readonly stop: () => Promise<readonly Seen[]>
}

export interface Seen extends Answer {
  readonly client: Client
}

const TICK_MS = 10
const AT_ONCE = 20

/** All of them signed in, each as a subject of its own. */
export async function crowd(count: number, at: { readonly port: number }): Promise<readonly Client[]> {
  const clients = Array.from({ length: count }, (_, index) => createClient(`user-${index}`, at))
  for (let from = 0; from < count; from += AT_ONCE) {
    await Promise.all(clients.slice(from, from + AT_ONCE).map(signedIn))
  }
  return clients
}

/** Again while it is put off: a machine with much to do misses deadlines. */
async function signedIn(client: Client): Promise<void> {
  await eventually(async () => {
    const { status } = await client.signIn()
    expect([200, 503]).toContain(status)
    return status === 200 && client.id !== ''
  })
}

/** Ends the session of `client`, also where it is acknowledged only later. */
export async function revoke({ id }: Client, at: App): Promise<void> {
  const { status } = await createClient('operator', at).post(`/revoke?id=${id}`)
  expect([200, 503]).toContain(status)
  await eventually(async () => (await at.says()).figures['sojourn.revocations.pending'] === 0)
}

/** Each in turn asks who it is, so many times a second, whatever becomes of the answers; at most until the test ends. */
export function startLoad(clients: readonly Client[], perSecond: number): Load {
  const stopping = new AbortController()
  const answers: Promise<Seen>[] = []

  async function send(): Promise<void> {
    const startedAt = performance.now()
    while (!stopping.signal.aborted) {
      const due = ((performance.now() - startedAt) / 1000) * perSecond
      while (answers.length < due) answers.push(look(clients[answers.length % clients.length] as Client))
      await delay(TICK_MS)
    }
  }

  async function stop(): Promise<readonly Seen[]> {
    stopping.abort()
    await sending
    return await Promise.all(answers)
  }

  const sending = send()
  onTestFinished(async () => void (await stop()))
  return { stop }
}

async function look(client: Client): Promise<Seen> {
  return { ...(await client.get('/me')), client }
}

/** What has to hold of every answer in an outage: served or put off, never a stranger's session, never signed out. */
export function expectHonest(seen: readonly Seen[]): void {
  expect(Object.keys(byStatus(seen)).filter((status) => status !== '200' && status !== '503')).toEqual([])
  expect(seen.filter(({ status, retryAfter }) => status === 503 && !(Number(retryAfter) >= 1))).toEqual([])
  expect(seen.filter(({ setCookies }) => setCookies.some(clears))).toEqual([])
  expect(seen.filter(({ status, body, client }) => status === 200 && !isOwn(body, client))).toEqual([])
}

function isOwn(body: string, { subject, id }: Client): boolean {
  const me = JSON.parse(body) as { readonly subject: string; readonly id: string }
  return me.subject === subject && me.id === id
}

/** Each is signed in with the cookie that it had: put off as long as it may be, but refused never. */
export async function expectAllSignedIn(clients: readonly Client[]): Promise<void> {
  const cookies = clients.map(({ cookie }) => cookie)
  for (const client of clients) {
    await eventually(async () => {
      const { status } = await client.get('/me')
      expect([200, 503]).toContain(status)
      return status === 200
    })
  }
  expect(clients.map(({ cookie }) => cookie)).toEqual(cookies)
}

/** Asks again and again; how long is the test's own timeout. */
export async function eventually(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await delay(TICK_MS)
}

export function byStatus(answers: readonly Answer[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1
  return counts
}
