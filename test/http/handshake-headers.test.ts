/** What asks for a live connection is held to the rules of one, however its headers are written. */
import { describe, expect, test } from 'vitest'
import { ADAPTERS } from './harness/adapters.ts'
import { startLive } from './harness/live.ts'
import { startWorld } from './harness/world.ts'

const EVIL = [
  ['Sec-Fetch-Site', 'cross-site'],
  ['Origin', 'https://evil.example'],
] as const

test.each(['websocket', 'WebSocket', 'websocket, h2c', 'h2c, websocket', 'websocket/13', 'h2c', 'x'])(
  'another site’s page gets no handle for `Upgrade: %s`',
  async (upgrade) => {
    const world = await startLive({ upgrade: { anonymous: true } })
    const alice = world.browser()
    await alice.post('/login?user=alice')
    const wire = await alice.begin('GET', '/', {
      headers: [['Connection', 'Upgrade'], ['Upgrade', upgrade], ...EVIL],
    })
    expect((await wire.response()).status).toBe(403)
    expect(world.handles).toEqual([])
    expect(world.sockets).toHaveLength(1)
  },
)

test('a page of one’s own gets a handle for each of them', async () => {
  const world = await startLive({
    onOpen() {
      throw new Error('Only `ws` opens one, and this is no handshake of its.')
    },
  })
  const alice = world.browser()
  await alice.post('/login?user=alice')
  for (const upgrade of ['websocket', 'websocket, h2c', 'h2c']) {
    const wire = await alice.begin('GET', '/', {
      headers: [
        ['Connection', 'Upgrade'],
        ['Upgrade', upgrade],
        ['Sec-Fetch-Site', 'same-origin'],
      ],
    })
    await wire.response().catch(() => undefined)
  }
  expect(world.handles.map(({ subject }) => subject)).toEqual(['alice', 'alice', 'alice'])
})

describe.each(ADAPTERS)('$name: a request of another site’s page that accepts', (adapter) => {
  test.each([
    ['text/event-stream', 403],
    ['TEXT/EVENT-STREAM', 403],
    ['text/html, Text/Event-Stream;q=0.9', 403],
    ['text/html', 200],
    ['*/*', 200],
  ])('%s: %i', async (accept, status) => {
    const { browser } = await startWorld({ adapter })
    const alice = browser()
    await alice.post('/login?user=alice')
    const answer = await alice.get('/me', { headers: [['Accept', accept], ...EVIL] })
    expect(answer.status).toBe(status)
    expect(answer.body.includes('alice')).toBe(status === 200)
  })
})
