// A process that was held up (a long computation, a starved core) knows only that it was late itself. What is healthy
// must not be condemned for it: no connection is given up, and no call fails that the server has answered.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { holdUp } from '../../environment/hold-up.fixture.ts'
import { turn } from '../../environment/turn.ts'
import { makeRosterKey } from '../../testing/builders.ts'
import { redisStore } from './index.ts'
import type { RedisPort } from './port.ts'
import {
  connected,
  type Driver,
  DRIVERS,
  type Ground,
  PATIENT_MS,
  start,
  TOPOLOGIES,
} from './topologies.fixture.ts'

/** Longer than any patience with a server; the fence's with a heartbeat is 2 s. */
const STALL_MS = 2_500
/** Rosters with different tags: in a cluster all primaries are asked. */
const ROSTERS = Array.from({ length: 16 }, (_, index) => makeRosterKey(index))

const starting: Promise<Ground>[] = []
let grounds: readonly Ground[]
const ports: RedisPort[] = []
let stores = 0

beforeAll(async () => {
  starting.push(...TOPOLOGIES.map(start))
  grounds = await Promise.all(starting)
}, PATIENT_MS)
afterAll(async () => {
  await Promise.all(ports.map((port) => port.close()))
  const started = (await Promise.allSettled(starting)).filter((one) => one.status === 'fulfilled')
  await Promise.all(started.map(({ value }) => value.stop()))
}, PATIENT_MS)

interface Process {
  readonly port: RedisPort
  readonly voters: number
}

/** One connection to each topology. */
function opened(driver: Driver): readonly Process[] {
  const all = grounds.map(({ open, voters }) => ({ port: open(driver), voters }))
  ports.push(...all.map(({ port }) => port))
  return all
}

/** Nothing is known, and all is asked for at once. Answers how many answers there were. */
async function firstReads({ port, voters }: Process): Promise<number> {
  const store = redisStore({ redis: port, prefix: `held-up:${stores++}`, tags: 16, voters })
  try {
    return (await Promise.all(ROSTERS.map((roster) => store.list(roster)))).length
  } finally {
    await store.close()
  }
}

async function isReached({ port }: Process): Promise<void> {
  await Promise.all(ROSTERS.map((_, index) => connected(port, `{${index}}`)))
}

function write({ port, voters }: Process): Promise<unknown> {
  const wait = { key: 'held-up', replicas: voters, timeoutMs: 100 }
  return port.writeAndWait(['SET', 'held-up', '1'], wait)
}

/** Whether the others name the primary, where there are others. */
async function isNamed({ port }: Process): Promise<boolean> {
  return (await port.isNamedPrimary?.('held-up')) ?? true
}

function countReroutings(processes: readonly Process[]): () => number {
  let count = 0
  for (const { port } of processes) port.watchRouting?.(() => count++)
  return () => count
}

/** Held up in the same turn of the event loop: what was called is on its way, and nothing has been read. */
async function holdUpAfter(call: () => void): Promise<void> {
  const [first, second] = [turn(), turn()]
  await first
  call()
  await second
  holdUp(STALL_MS)
}

const ALL = TOPOLOGIES.map(() => ROSTERS.length)

it('the first reads of a process are answered, in every topology', async () => {
  const waiting = opened('node-redis')
  const reroutings = countReroutings(waiting)
  expect(await Promise.all(waiting.map(firstReads))).toEqual(ALL)
  expect(reroutings(), 'there was no route before').toBe(0)
  const processes = opened('ioredis')
  await Promise.all(processes.map(isReached))
  expect(await Promise.all(processes.map(firstReads))).toEqual(ALL)
})

it('what is asked for is answered also when it is held up while it connects', async () => {
  const connectedBefore = opened('ioredis')
  await Promise.all(connectedBefore.map(isReached))
  const reads: Promise<number>[] = []
  const writes: Promise<unknown>[] = []
  await holdUpAfter(() => {
    reads.push(...opened('node-redis').map(firstReads))
    // The first one opens a connection of its own.
    writes.push(...connectedBefore.map(write))
  })
  expect(await Promise.all(reads)).toEqual(ALL)
  expect(await Promise.all(writes)).toHaveLength(TOPOLOGIES.length)
})

describe.each(DRIVERS)('through %s', (driver) => {
  it('nothing fails and no connection is lost when it is held up at whatever moment', async () => {
    const processes = opened(driver)
    await Promise.all(processes.map(isReached))
    await Promise.all(processes.map(write))
    const reroutings = countReroutings(processes)
    const calls: Promise<unknown>[] = []
    const named: Promise<boolean>[] = []
    const call = (): void => {
      calls.push(...processes.flatMap((one) => [firstReads(one), write(one)]))
      named.push(...processes.map(isNamed))
    }
    for (let moment = 0; moment < 4; moment++) {
      call()
      await turn()
    }
    await holdUpAfter(call)
    call()
    await Promise.all(calls)
    holdUp(STALL_MS)
    call()
    await Promise.all(calls)
    expect(new Set(await Promise.all(named))).toEqual(new Set([true]))
    expect(reroutings()).toBe(0)
  })
})
