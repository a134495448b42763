import { expect, test } from 'vitest'
import { type FakeEnvironment, fakeEnvironment } from '../../testing/fake-environment.ts'
import { held } from './fence-port.fixture.ts'
import { type GroupCommit, groupCommit } from './group-commit.ts'
import type { Reply } from './port.ts'

const BRIEF = { replicas: 1, timeoutMs: 100 }
const LONG = { replicas: 1, timeoutMs: 500 }

interface Setting {
  readonly environment: FakeEnvironment
  readonly writes: GroupCommit
  /** What was sent, as text. */
  readonly sent: readonly string[]
  /** The connection is there. */
  readonly connected: () => void
  /** Answers the `WAIT` that waits longest. */
  readonly answer: (replicas: Reply) => void
  /** How long the server may keep silent, and 0 each time that it has answered. */
  readonly silences: readonly number[]
}

function setUp(): Setting {
  const environment = fakeEnvironment()
  const connection = held()
  const sent: string[] = []
  const silences: number[] = []
  const waits: ((replicas: Reply) => void)[] = []
  const writes = groupCommit({
    environment,
    ready: () => connection.promise,
    send(_, args) {
      if (args[0] === 'PING') return Promise.resolve(String(args[1]))
      sent.push(args.join(' '))
      if (args[0] !== 'WAIT') return Promise.resolve('OK')
      const { promise, release } = held<Reply>()
      waits.push(release)
      return promise
    },
    giveUp: () => expect.unreachable(),
    onSent(_, waitMs) {
      silences.push(waitMs)
      return () => void silences.push(0)
    },
  })
  const answer = (replicas: Reply): void => waits.shift()?.(replicas)
  return { environment, writes, sent, connected: connection.release, answer, silences }
}

test('those who come while others wait leave together, and nobody shares the WAIT of who wants something else', async () => {
  const { environment, writes, sent, connected, answer, silences } = setUp()
  connected()
  const first = writes.write(['a'], LONG)
  await environment.advance(0)
  const others = [writes.write(['b'], LONG), writes.write(['c'], BRIEF), writes.write(['d'], LONG)]
  await environment.advance(0)
  expect(sent).toEqual(['a', 'WAIT 1 500'])
  for (let replicas = 1; replicas <= 3; replicas++) {
    answer(replicas)
    await environment.advance(0)
  }
  expect(sent.slice(2)).toEqual(['b', 'd', 'WAIT 1 500', 'c', 'WAIT 1 100'])
  expect((await Promise.all([first, ...others])).map(({ replicas }) => replicas)).toEqual([1, 2, 3, 2])
  expect(silences).toEqual([500, 0, 500, 0, 100, 0])
  expect(writes.isBusy).toBe(false)
})

test('a write that has waited for its turn until nobody expects it is not sent', async () => {
  const { environment, writes, sent, connected, answer } = setUp()
  const [brief, long] = [writes.write(['a'], BRIEF), writes.write(['b'], LONG)]
  const refusal = brief.catch((error: unknown) => error)
  await environment.advance(1_101)
  connected()
  await environment.advance(0)
  expect(sent).toEqual(['b', 'WAIT 1 500'])
  answer(1)
  expect(await long).toEqual({ reply: 'OK', replicas: 1 })
  expect(await refusal).toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: true })
})

test('what has not left when it ends is not sent, and what has is waited for', async () => {
  const { environment, writes, sent, connected, answer } = setUp()
  connected()
  const gone = new Error('The server is another one.')
  const first = writes.write(['a'], LONG)
  await environment.advance(0)
  const refusal = writes.write(['b'], LONG).catch((error: unknown) => error)
  let isOver = false
  const over = writes.end(gone).then(() => (isOver = true))
  expect(await refusal).toBe(gone)
  expect(isOver).toBe(false)
  answer(0)
  expect(await first).toEqual({ reply: 'OK', replicas: 0 })
  await over
  expect(sent).toEqual(['a', 'WAIT 1 500'])
})

test('what goes wrong in its own house is told to whoever has no answer, and the next ones have their turn', async () => {
  const environment = fakeEnvironment()
  const troubles = ['onSent', 'send', 'onRefused', 'none']
  const sent: string[] = []
  const fail = (trouble: string): void => {
    if (troubles[0] === trouble) throw new Error(trouble)
  }
  const writes = groupCommit({
    environment,
    ready: async () => 'connection',
    send(_, args) {
      fail('send')
      if (args[0] === 'PING') return Promise.resolve(String(args[1]))
      sent.push(args.join(' '))
      if (troubles[0] === 'onRefused') return Promise.reject(new Error('READONLY'))
      return Promise.resolve(args[0] === 'WAIT' ? 1 : 'OK')
    },
    giveUp: () => expect.unreachable(),
    onSent() {
      fail('onSent')
      return () => undefined
    },
    onRefused: () => fail('onRefused'),
  })
  const outcomes: unknown[] = []
  for (; troubles.length > 0; troubles.shift()) {
    const both = await Promise.allSettled([writes.write(['a'], BRIEF), writes.write(['b'], BRIEF)])
    outcomes.push(
      both.map((one) => (one.status === 'fulfilled' ? one.value.replicas : (one.reason as Error).message)),
    )
    await environment.advance(0)
    expect(writes.isBusy).toBe(false)
  }
  expect(outcomes).toEqual([
    ['onSent', 'onSent'],
    ['send', 'send'],
    ['READONLY', 'READONLY'],
    [1, 1],
  ])
})

test('where answers come one behind, nothing is confirmed and the connection is given up', async () => {
  const givenUp: string[] = []
  // Of another WAIT: all that follows gets the answer to what was before it.
  let owed: Reply = 2
  const writes = groupCommit({
    environment: fakeEnvironment(),
    ready: async () => 'the connection',
    send(_, args) {
      const answer = owed
      owed = args[0] === 'PING' ? String(args[1]) : args[0] === 'WAIT' ? 0 : 'OK'
      return Promise.resolve(answer)
    },
    onSent: () => () => undefined,
    giveUp: (connection) => void givenUp.push(connection),
  })
  await expect(writes.write(['a'], BRIEF)).rejects.toMatchObject({
    code: 'STORE_UNAVAILABLE',
    retryable: true,
  })
  expect(givenUp).toEqual(['the connection'])
})
