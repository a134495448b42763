/**
 * A store that goes silent, dies, comes back: requests are put off and nobody is signed out. What decides is what was
 * answered; how quickly is a figure.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import {
  byStatus,
  crowd,
  eventually,
  expectAllSignedIn,
  expectHonest,
  type Seen,
  startLoad,
} from './harness/crowd.ts'
import { figure, percentile } from './harness/figures.ts'
import { DRIVERS, USUAL_DEADLINES } from './harness/options.ts'
import { type App, startApp } from './harness/processes.ts'
import { redis } from './harness/servers.ts'

const PER_SECOND = 200
const CLIENTS = 40
const PAUSE_MS = 3_000
/** As the manager has it: how many checks may be in flight. */
const MOST_IN_FLIGHT = 1_024
const PUT_OFF = ['DEADLINE_EXCEEDED', 'STORE_UNAVAILABLE', 'STORE_UNCONFIRMED']

describe.each(DRIVERS)('%s', (driver) => {
  test('a silent store: checks are put off by deadline or breaker, few are in flight, and nobody is signed out', async () => {
    const server = await redis()
    const app = await startApp({ driver, redis: server.place, sessions: USUAL_DEADLINES })
    const clients = await crowd(CLIENTS, app)
    const load = startLoad(clients, PER_SECOND)
    server.pause()
    const mostInFlight = await watchInFlight(app, PAUSE_MS)
    server.resume()
    await expectAllSignedIn(clients)
    const seen = await load.stop()

    expectHonest(seen)
    const { figures, events } = await app.says()
    expect(new Set(putOffBy(events))).toEqual(
      new Set(putOffBy(events).filter((code) => PUT_OFF.includes(code))),
    )
    expect(figures['sojourn.breaker.opened checks']).toBeGreaterThan(0)
    expect(mostInFlight).toBeGreaterThan(0)
    expect(mostInFlight).toBeLessThanOrEqual(MOST_IN_FLIGHT)
    note(`silent 3 s, ${driver}`, seen, { mostInFlight })
  })

  test('a server that is killed and started again with its data: who was signed in is, who was revoked is not', async () => {
    const server = await redis({ appendonly: true, config: ['appendfsync always'] })
    const app = await startApp({ driver, redis: server.place, sessions: USUAL_DEADLINES })
    const clients = await crowd(CLIENTS, app)
    const [revoked, ...others] = clients
    expect((await others[0]?.post(`/revoke?id=${revoked?.id}`))?.body).toBe('{"found":true}')

    const load = startLoad(others, PER_SECOND)
    await server.kill()
    await eventually(async () => ((await app.says()).figures['sojourn.breaker.opened checks'] ?? 0) > 0)
    await server.restart()
    const backAt = performance.now()
    await expectAllSignedIn(others)
    const recoveryMs = Math.round(performance.now() - backAt)
    const seen = await load.stop()

    expectHonest(seen)
    expect((await revoked?.get('/me'))?.status).toBe(401)
    note(`killed and restarted, ${driver}`, seen, { recoveryMs })
  })
})

/** The most checks that were in flight at some time. */
async function watchInFlight(app: App, forMs: number): Promise<number> {
  let most = 0
  for (const until = performance.now() + forMs; performance.now() < until; await delay(50))
    most = Math.max(most, (await app.says()).figures['sojourn.store.in_flight'] ?? 0)
  return most
}

function putOffBy(events: Awaited<ReturnType<App['says']>>['events']): readonly string[] {
  return events.flatMap(({ name, event }) => (name === 'store.unavailable' ? [String(event['code'])] : []))
}

function note(what: string, seen: readonly Seen[], more: object): void {
  const took = (status: number): number[] =>
    seen.filter((answer) => answer.status === status).map(({ tookMs }) => tookMs)
  figure(what, {
    ...byStatus(seen),
    p99of503: percentile(took(503), 99),
    p99of200: percentile(took(200), 99),
    ...more,
  })
}
