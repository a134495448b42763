/** Rules about commands and what is answered to them. */
import assert from 'node:assert/strict'
import { answererOf, get, increment, isAnswered, rejectionOf, set, textOf } from './acts.ts'
import type { PortRule } from './rule.ts'

const ALL_BYTES = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))
/** More than a socket gives at once, with line ends at every place of a chunk. */
const LONG = Buffer.alloc(1 << 20, 'value\r\n$-1\r\n')

export const replyRules: readonly PortRule[] = [
  {
    id: 'PORT-01',
    rule: 'All 256 bytes, the empty value and a megabyte come back as they were sent; text is sent as UTF-8.',
    because: 'records are binary, and a store that cannot read one back has ended a session',
    prove: async ({ open, key }) => {
      const port = await open()
      const name = key()
      await isAnswered(port, name)
      for (const value of [ALL_BYTES, Buffer.alloc(0), LONG]) {
        assert.equal(textOf(await set(port, name, value)), 'OK')
        assert.deepEqual(await get(port, name), value)
      }
      await set(port, name, 'grüße 🦊')
      assert.deepEqual(await get(port, name), Buffer.from('grüße 🦊'))
    },
  },
  {
    id: 'PORT-02',
    rule: 'Bytes are buffers, what is absent is null, integers are numbers, lists are arrays, also within each other.',
    prove: async ({ open, key }) => {
      const port = await open()
      const name = key()
      await isAnswered(port, name)
      const write = { key: name, readonly: false }
      assert.equal(await port.command(['HSET', name, 'field', ALL_BYTES, '', 'x'], write), 2)
      const fields = await port.command(['HMGET', name, 'field', 'absent', ''], { key: name, readonly: true })
      assert.deepEqual(fields, [ALL_BYTES, null, Buffer.from('x')])
      assert.equal(await get(port, key()), null)
      const script = "return {1, {'a', {}}, false, -5, 1234567890123}"
      assert.deepEqual(await port.command(['EVAL', script, '1', name], write), [
        1,
        [Buffer.from('a'), []],
        null,
        -5,
        1_234_567_890_123,
      ])
    },
  },
  {
    id: 'PORT-03',
    rule: 'A hash is a flat list of its fields and values, whatever the protocol; one that is absent is an empty list.',
    because: 'RESP3 has maps and RESP2 has none, and the store must not care',
    prove: async ({ open, key }) => {
      const port = await open()
      const name = key()
      await isAnswered(port, name)
      const read = { key: name, readonly: true }
      assert.deepEqual(await port.command(['HGETALL', name], read), [])
      await port.command(['HSET', name, ALL_BYTES, ALL_BYTES], { key: name, readonly: false })
      assert.deepEqual(await port.command(['HGETALL', name], read), [ALL_BYTES, ALL_BYTES])
    },
  },
  {
    id: 'PORT-04',
    rule: 'Calls reach one server in the order in which they were made, and each gets its own reply, in that order.',
    prove: async ({ open, key }) => {
      const port = await open()
      const name = key()
      await isAnswered(port, name)
      const settled: number[] = []
      const calls = Array.from({ length: 200 }, async () => {
        settled.push(Number(await increment(port, name)))
      })
      await Promise.all(calls)
      assert.deepEqual(
        settled,
        Array.from(calls, (_, index) => index + 1),
      )
    },
  },
  {
    id: 'PORT-05',
    rule: 'A command goes to the primary that has the key of its options, also when it names no key itself.',
    prove: async ({ open, key, group }) => {
      const port = await open()
      for (const name of Array.from({ length: 8 }, () => key())) {
        await isAnswered(port, name)
        assert.equal(await answererOf(port, name), (await group.primaryOf(name)).port)
      }
    },
  },
  {
    id: 'PORT-06',
    rule: 'An error that the server answers has its text as `message`; calls around it are well.',
    because: 'the store tells a full server from a missing script by that text',
    prove: async ({ open, key }) => {
      const port = await open()
      const name = key()
      await isAnswered(port, name)
      const options = { key: name, readonly: false }
      const before = set(port, name, 'value')
      const wrong = rejectionOf('a wrong command', port.command(['HGET', name, 'field'], options))
      const script = "return redis.error_reply('OOM command not allowed: really')"
      const failing = rejectionOf('a failing script', port.command(['EVAL', script, '1', name], options))
      const after = get(port, name)
      await before
      assert.match((await wrong).message, /^WRONGTYPE /)
      assert.equal((await failing).message, 'OOM command not allowed: really')
      assert.deepEqual(await after, Buffer.from('value'))
    },
  },
  {
    id: 'PORT-07',
    rule: 'A script that the server does not have is rejected with NOSCRIPT, and by its digest once it has.',
    prove: async ({ open, key, group }) => {
      const port = await open()
      const name = key()
      await isAnswered(port, name)
      const options = { key: name, readonly: false }
      const script = `return '${name}'`
      const digest = await (await group.primaryOf(name)).cli(
        'EVAL',
        `return redis.sha1hex(ARGV[1])`,
        '0',
        script,
      )
      const evaluate = port.command(['EVALSHA', digest, '1', name], options)
      assert.match((await rejectionOf('an unknown script', evaluate)).message, /^NOSCRIPT /)
      await port.command(['EVAL', script, '1', name], options)
      assert.equal(textOf(await port.command(['EVALSHA', digest, '1', name], options)), name)
    },
  },
]
