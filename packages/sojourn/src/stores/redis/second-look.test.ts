// Answers that come to the wrong question, as from a proxy that puts one too many on a connection.
import { describe, expect, it } from 'vitest'
import { makeHeader, makeNumber, makeRecord, makeRosterKey } from '../../testing/builders.ts'
import { encodeHeader } from '../../core/codec/header.ts'
import { encodeRecord } from '../../core/codec/record.ts'
import type { CommandArgument, RedisPort, Reply } from './port.ts'
import { openStore } from './redis.fixture.ts'

const ROSTER = makeRosterKey(1)
const NUMBER = makeNumber(1)
const HEADER = makeHeader()
const RECORD = makeRecord({ number: NUMBER })
const PLACE = { roster: ROSTER, incarnation: HEADER.incarnation, number: NUMBER }
const SESSION: readonly Buffer[] = [
  Buffer.from(encodeHeader(ROSTER, HEADER)),
  Buffer.from(encodeRecord(PLACE, RECORD)),
]
const OTHERS: Reply = [Buffer.from(encodeHeader(makeRosterKey(2), HEADER)), null]
const NOTHING: Reply = [null, null]

interface Scripted {
  readonly port: RedisPort
  readonly sent: string[]
  readonly givenUp: string[]
}

/** Answers reads of the roster in turn; with `behind`, everything is answered with what belongs to the question before. */
function scripted(answers: readonly Reply[], { behind }: { readonly behind?: Reply } = {}): Scripted {
  const sent: string[] = []
  const givenUp: string[] = []
  const left = [...answers]
  let owed = behind
  const ownAnswer = ([name, echo]: readonly CommandArgument[]): Reply =>
    name === 'PING' ? String(echo ?? 'PONG') : (left.shift() ?? NOTHING)
  const port: RedisPort = {
    traits: { driver: 'scripted', topology: 'single', invalidation: 'none' },
    async command(args) {
      const name = String(args[0])
      if (name !== 'HMGET' && name !== 'HGETALL' && name !== 'PING') return 'OK'
      sent.push(name)
      const own = ownAnswer(args)
      if (owed === undefined) return own
      const answer = owed
      owed = own
      return answer
    },
    writeAndWait: () => Promise.reject(new Error('No write waits here.')),
    giveUp: (key) => void givenUp.push(key),
    close: async () => undefined,
  }
  return { port, sent, givenUp }
}

describe('a read', () => {
  it('of what is there asks once', async () => {
    const { port, sent } = scripted([SESSION])
    expect(await openStore(port).read(ROSTER, NUMBER)).toMatchObject({ record: { number: NUMBER } })
    expect(sent).toEqual(['HMGET'])
  })

  it.each<[string, Reply]>([
    ['nothing', NOTHING],
    ['the record of somebody else', OTHERS],
    ['a number', 1],
  ])('that finds %s asks again behind an echo, and believes the second answer', async (_, first) => {
    const { port, sent, givenUp } = scripted([first, SESSION])
    expect(await openStore(port).read(ROSTER, NUMBER)).toMatchObject({ record: { number: NUMBER } })
    expect(sent).toEqual(['HMGET', 'PING', 'HMGET'])
    expect(givenUp).toEqual([])
  })

  it('of what is not there says so when the echo came back', async () => {
    const { port } = scripted([NOTHING, NOTHING])
    expect(await openStore(port).read(ROSTER, NUMBER)).toBeUndefined()
  })

  it.each<[string, Reply]>([
    ['nothing', NOTHING],
    ['somebody else', OTHERS],
  ])(
    'on a connection whose answers are one behind, and say %s, is unavailable; the connection is given up',
    async (_, behind) => {
      const { port, givenUp } = scripted([SESSION, SESSION], { behind })
      await expect(openStore(port).read(ROSTER, NUMBER)).rejects.toMatchObject({
        code: 'STORE_UNAVAILABLE',
        retryable: true,
      })
      expect(givenUp).toHaveLength(1)
    },
  )
})

it('a list on such a connection is unavailable, and no revocation finds nothing to end', async () => {
  const { port, givenUp } = scripted([[Buffer.from('h'), SESSION[0] ?? null]], {
    behind: [],
  })
  await expect(openStore(port).list(ROSTER)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
  expect(givenUp).toHaveLength(1)
})

it('an echo that fails leaves nothing unhandled', async () => {
  const { port } = scripted([NOTHING])
  const failing: RedisPort = {
    ...port,
    command: (args, options) =>
      args[0] === 'PING' ? Promise.reject(new Error('gone')) : port.command(args, options),
  }
  await expect(openStore(failing).read(ROSTER, NUMBER)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
})
