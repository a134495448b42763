// The timeouts in docs/sessions.md are the ones that sessions get.
import { createSessions, type Sessions, type SessionsOptions } from 'sojourn'
import { memoryStore } from 'sojourn/stores/memory'
import { fakeClock } from 'sojourn/testing'
import { describe, expect, it } from 'vitest'
import { page, tableUnder } from './pages.ts'

const sessionsPage = page('docs/sessions.md')
const MILLISECONDS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
const SECRET = Buffer.from(Array.from({ length: 48 }, (_, index) => (index * 73 + 41) % 251))

describe('the profiles', () => {
  const rows = tableUnder(sessionsPage, '### Profiles')

  it.each(rows.map(([name = '', idle = '', absolute = '']) => [name, idle, absolute]))(
    '%s: idle %s, absolute %s',
    async (name, idle, absolute) => {
      const profile = name.replaceAll('`', '') as 'aal1' | 'aal2' | 'aal3'
      const { sessions, now } = setUp({ lifetime: { profile } })
      expect(await timeouts(sessions, now)).toEqual([milliseconds(idle), milliseconds(absolute)])
    },
  )

  it('are all there', () => {
    expect(rows.map(([name]) => name)).toEqual(['`aal1`', '`aal2`', '`aal3`'])
  })
})

describe('the defaults', () => {
  const defaults = new Map(
    tableUnder(sessionsPage, '### Every default, and why').map(([what = '', value = '']) => [what, value]),
  )
  const said = (what: string): number => milliseconds(defaults.get(what) ?? '')

  it('of signed-in, remembered and anonymous sessions', async () => {
    const { sessions, now } = setUp({})
    expect(await timeouts(sessions, now)).toEqual([said('signed in: idle'), said('signed in: absolute')])
    expect(await timeouts(sessions, now, true)).toEqual([
      said('remembered: idle'),
      said('remembered: absolute'),
    ])
    const { session } = await sessions.startAnonymous()
    expect([session.idleDeadline - now(), session.absoluteDeadline - now()]).toEqual([
      said('visitor: idle'),
      said('visitor: absolute'),
    ])
  })

  it('of an attempt', async () => {
    const { sessions, clock } = setUp({})
    const attempt = await sessions.attempt('ada')
    await clock.advance(said('from `attempt` to `signIn`'))
    expect(await sessions.signIn(attempt)).toMatchObject({ kind: 'signed-in' })
    await clock.advance(1)
    expect(await sessions.signIn(attempt)).toEqual({ kind: 'refused', reason: 'attempt-expired' })
  })

  it('of what asks for the password again', async () => {
    const { sessions, clock } = setUp({ transport: 'bearer' })
    const signedIn = await sessions.signIn('ada')
    if (signedIn.kind !== 'signed-in') throw new Error(signedIn.reason)
    const request = new Request('https://shop.example/', {
      headers: { authorization: `Bearer ${signedIn.token}` },
    })
    await clock.advance(said('password again before ending other devices'))
    expect(await (await sessions.get(request)).revokeOthers()).toMatchObject({ kind: 'done' })
    await clock.advance(1)
    expect(await (await sessions.get(request)).revokeOthers()).toEqual({ kind: 'reauthenticate' })
  })
})

function setUp(options: Partial<SessionsOptions<Record<string, unknown>>>) {
  const clock = fakeClock()
  const store = memoryStore({ environment: clock })
  const sessions = createSessions({
    deployment: 'docs',
    secrets: [SECRET],
    store,
    environment: clock,
    ...options,
  })
  return { sessions, clock, now: () => clock.now() }
}

async function timeouts(sessions: Sessions, now: () => number, remember = false): Promise<readonly number[]> {
  const result = await sessions.signIn('ada', { remember })
  if (result.kind !== 'signed-in') throw new Error(result.reason)
  return [result.session.idleDeadline - now(), result.session.absoluteDeadline - now()]
}

/** `30 d`, `15 m` */
function milliseconds(text: string): number {
  const [, count, unit] = /^(\d+) ([smhd])$/.exec(text) ?? []
  if (count === undefined || unit === undefined) throw new Error(`"${text}" is no duration.`)
  return Number(count) * MILLISECONDS[unit as keyof typeof MILLISECONDS]
}
