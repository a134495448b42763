import { expect, it } from 'vitest'
import { turn } from '../../environment/turn.ts'
import { type Call, F, held, type Setting, setUp } from './fence-port.fixture.ts'

/** Eight tags, a range of 2,048 slots each. */
const TAGS = 8

interface Cluster extends Setting {
  /** By tag: the node that its commands are sent to. */
  readonly routes: string[]
  /** What each node says of itself. */
  readonly claims: Map<string, string>
  readonly dead: Set<string>
}

async function cluster(): Promise<Cluster> {
  const setting = setUp({ topology: 'cluster', voters: 1, tags: TAGS })
  const routes = Array.from({ length: TAGS }, (_, tag) => (tag < 4 ? 'a' : 'b'))
  const claims = new Map([
    ['a', '0-8191'],
    ['b', '8192-16383'],
  ])
  const dead = new Set<string>()
  setting.port.answer = ({ name, key, healthy }: Call) => {
    const node = routes[setting.layout.tags.findIndex((tag) => key.includes(`{${tag}}`))] as string
    if (dead.has(node)) return new Promise(() => undefined)
    if (name === 'CLUSTER MYID') return node
    return name === 'CLUSTER NODES' ? nodesAsSeenBy(node, claims) : healthy()
  }
  return { ...setting, routes, claims, dead }
}

function nodesAsSeenBy(self: string, claims: ReadonlyMap<string, string>): Buffer {
  const line = ([node, slots]: [string, string]): string =>
    `${node} 127.0.0.1:7000@17000 ${node === self ? 'myself,' : ''}master - 0 0 1 connected ${slots}`
  return Buffer.from(`${[...claims].map(line).join('\n')}\n`)
}

it('is sent one heartbeat for each primary, not for each tag', async () => {
  const { fence, isConfirmed, count } = await cluster()
  expect(await fence.confirm(0)).toBe(true)
  await turn()
  expect(Array.from({ length: TAGS }, (_, tag) => isConfirmed(tag))).toEqual(Array(TAGS).fill(true))
  expect([count('SET+WAIT 1'), count('CLUSTER MYID')]).toEqual([2, TAGS])
})

it('keeps what the living primary has when another one is dead', async () => {
  const { environment, fence, isConfirmed, dead } = await cluster()
  await fence.confirm(0)
  await turn()
  dead.add('b')
  for (let seconds = 0; seconds < 7; seconds++) {
    await environment.advance(1000)
    expect(isConfirmed(0)).toBe(true)
  }
  expect([isConfirmed(3), isConfirmed(4), isConfirmed(7)]).toEqual([true, false, false])
})

it('does not wait for a dead primary to confirm a living one from the start', async () => {
  const { environment, fence, dead } = await cluster()
  dead.add('b')
  expect(await fence.confirm(0)).toBe(true)
  const other = fence.confirm(4)
  await environment.advance(F * 0.4)
  expect(await other).toBe(false)
})

it('does not confirm a slot that moved by a heartbeat to its former owner', async () => {
  const { environment, fence, isConfirmed, routes, claims, dead } = await cluster()
  await fence.confirm(0)
  await turn()
  routes[3] = 'b'
  claims.set('a', '0-6143').set('b', '6144-16383')
  dead.add('b')
  for (let seconds = 0; seconds < 6; seconds++) {
    isConfirmed(0)
    await environment.advance(1000)
  }
  expect([isConfirmed(2), isConfirmed(3)]).toEqual([true, false])
  dead.delete('b')
  await environment.advance(F * 0.4)
  expect(await fence.confirm(3)).toBe(true)
})

it('does not confirm what the driver sends to a node that another one says is its own', async () => {
  const { fence, isConfirmed, routes, claims } = await cluster()
  routes[2] = 'old'
  claims.set('old', '')
  expect(await fence.confirm(0)).toBe(true)
  await turn()
  expect([await fence.confirm(2), isConfirmed(2), isConfirmed(1)]).toEqual([false, false, true])
})

it('does not confirm a replica that answers', async () => {
  const { fence, routes, claims } = await cluster()
  routes.fill('replica', 0, 4)
  claims.set('replica', '')
  expect([await fence.confirm(0), await fence.confirm(4)]).toEqual([false, true])
  const failed = { attributes: { outcome: 'failed' }, value: 2 }
  expect(fence.measures()).toContainEqual(expect.objectContaining(failed))
  expect(fence.lastFailure(0)).toMatchObject({
    code: 'STORE_UNCONFIRMED',
    message: expect.stringContaining('not its own') as string,
  })
})

it('finds the promoted replica with the question that met it', async () => {
  const { environment, port, fence, isConfirmed, routes, claims } = await cluster()
  await fence.confirm(0)
  const { answer } = port
  port.answer = () => Promise.reject(new Error('The connection was lost.'))
  await environment.advance(F + 1)
  expect(isConfirmed(0)).toBe(false)
  port.answer = answer
  routes.fill('c', 0, 4)
  claims.delete('a')
  claims.set('c', '0-8191')
  expect([await fence.confirm(0), await fence.confirm(3)]).toEqual([true, true])
  const ages = fence.measures().filter(({ name }) => name === 'sojourn.redis.fence.age')
  expect(new Set(ages.map(({ attributes }) => attributes['primary']))).toEqual(new Set(['0', '1']))
})

it('does not confirm what still goes to the former primary when one slot is found at the new one', async () => {
  const { environment, port, fence, isConfirmed, routes, claims, dead } = await cluster()
  await fence.confirm(0)
  const { answer } = port
  port.answer = () => Promise.reject(new Error('The connection was lost.'))
  await environment.advance(F + 1)
  port.answer = answer
  routes[0] = 'c'
  claims.set('c', '0-8191')
  dead.add('a')
  expect([await fence.confirm(0), isConfirmed(0), isConfirmed(1)]).toEqual([true, true, false])
})

it('sends nothing more after the end', async () => {
  const { port, fence } = await cluster()
  const { answer } = port
  const late = held()
  port.answer = (call) => late.promise.then(() => answer(call))
  const confirmed = fence.confirm(0)
  const calls = port.calls.length
  fence.close()
  late.release()
  expect([await confirmed, port.calls.length]).toEqual([false, calls])
})

it('learns the routes anew when they may have changed', async () => {
  const { port, fence, routes, isConfirmed } = await cluster()
  await fence.confirm(0)
  await turn()
  routes[1] = 'old'
  port.routingChanged()
  expect([isConfirmed(0), isConfirmed(1)]).toEqual([false, false])
  expect([await fence.confirm(0), await fence.confirm(1)]).toEqual([true, false])
})

it('does not believe an answer about a route that came after the route may have changed', async () => {
  const { port, fence, routes, claims, isConfirmed } = await cluster()
  const { answer } = port
  const late = held<string>()
  port.answer = (call) => (call.name === 'CLUSTER MYID' ? late.promise : answer(call))
  const before = fence.confirm(1)
  port.answer = answer
  routes[1] = 'old'
  claims.set('old', '')
  port.routingChanged()
  expect(await fence.confirm(1)).toBe(false)
  late.release('a')
  expect(await before).toBe(false)
  expect([await fence.confirm(0), isConfirmed(1)]).toEqual([true, false])
})

it('asks again whose a tag is when there was no answer in time, and takes no answer that comes later', async () => {
  const { environment, port, fence, isConfirmed } = await cluster()
  const { answer } = port
  const late = held<string>()
  port.answer = (call) => (call.name === 'CLUSTER MYID' ? late.promise : answer(call))
  const first = fence.confirm(0)
  await environment.advance(F * 0.4)
  expect(await first).toBe(false)
  expect(fence.lastFailure(0)).toMatchObject({ code: 'STORE_UNCONFIRMED' })
  port.answer = answer
  expect(await fence.confirm(0)).toBe(true)
  late.release('b')
  await turn()
  expect([await fence.confirm(0), isConfirmed(0), fence.lastFailure(0)]).toEqual([true, true, undefined])
})

it('says why a tag has no primary', async () => {
  const { port, fence } = await cluster()
  port.answer = () => Promise.reject(new Error('CLUSTERDOWN The cluster is down'))
  expect(await fence.confirm(0)).toBe(false)
  expect(fence.lastFailure(0)).toMatchObject({ message: 'CLUSTERDOWN The cluster is down' })
})

it('has an age from the start, and keeps it while nobody knows which primary is whose', async () => {
  const { environment, port, fence, dead } = await cluster()
  const ages = (): unknown =>
    fence
      .measures()
      .flatMap((measure) =>
        measure.kind !== 'histogram' && measure.name === 'sojourn.redis.fence.age'
          ? [[measure.attributes['primary'], measure.value]]
          : [],
      )
  expect(ages()).toEqual([['0', 0]])
  for (const node of ['a', 'b']) dead.add(node)
  void fence.confirm(0)
  await environment.advance(700)
  expect(ages()).toEqual([['0', 0.7]])
  dead.clear()
  await environment.advance(F)
  expect(await fence.confirm(0)).toBe(true)
  for (const node of ['a', 'b']) dead.add(node)
  port.routingChanged()
  await environment.advance(100)
  expect(ages()).toEqual([['0', 0.1]])
})

it('holds nothing against a slot that was elsewhere once, when reads may go elsewhere again', async () => {
  const { environment, port, fence, claims, routes } = await cluster()
  routes.fill('a')
  claims.set('a', '0-6143 8192-16383')
  expect(await fence.confirm(3)).toBe(false)
  expect(fence.lastFailure(3)).toMatchObject({ code: 'STORE_UNCONFIRMED' })
  claims.set('a', '0-16383')
  expect(await fence.confirm(3)).toBe(true)
  await environment.advance(F)
  const { answer } = port
  const late = held()
  port.answer = (call) => late.promise.then(() => answer(call))
  port.routingChanged()
  const confirmed = fence.confirm(3)
  port.routingChanged()
  late.release()
  expect([await confirmed, fence.lastFailure(3)]).toEqual([false, undefined])
})

it('asks again whose a tag is when reads may go elsewhere in the very moment of asking', async () => {
  const { port, fence } = await cluster()
  const { answer } = port
  port.answer = (call) => {
    port.answer = answer
    port.routingChanged()
    return answer(call)
  }
  expect(await fence.confirm(0)).toBe(false)
  expect([await fence.confirm(0), await fence.confirm(0)]).toContain(true)
})
