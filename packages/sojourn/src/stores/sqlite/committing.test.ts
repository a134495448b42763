import { describe, expect, test } from 'vitest'
import type { RosterChange } from '../../core/store.ts'
import {
  expecting,
  makeChange,
  makeHeader,
  makeIncarnation,
  makeNumber,
  makeRecord,
} from '../../testing/builders.ts'
import { FAKE_START, fakeEnvironment } from '../../testing/fake-environment.ts'
import {
  edit,
  freshPath,
  HEADER,
  KEY,
  openStore,
  RECORD,
  rowsOf,
  storeWithSession,
  valueOf,
} from './files.fixture.ts'

const HOUR = 3_600_000
const NEXT = { ...RECORD, version: 2, seenAt: RECORD.seenAt + 60_000 }
const CURRENT = expecting(HEADER, [RECORD])

function change(fields: Partial<RosterChange> = {}): RosterChange {
  return makeChange({ expect: CURRENT, put: [NEXT], ...fields })
}

describe('a change whose expectation fails applies nothing', () => {
  test.each([
    ['another incarnation', { expect: { ...CURRENT, incarnation: makeIncarnation(2) } }, 'gone'],
    ['another epoch', { expect: { ...CURRENT, epoch: 1 } }, 'conflict'],
    ['another roster version', { expect: { ...CURRENT, rosterVersion: 2 } }, 'conflict'],
    [
      'another record version',
      { expect: { ...CURRENT, records: [{ number: RECORD.number, version: 2 }] } },
      'conflict',
    ],
    [
      'a record that should be absent',
      { expect: { ...CURRENT, records: [{ number: RECORD.number, version: 'absent' as const }] } },
      'conflict',
    ],
    [
      'a record that should be there',
      { expect: { ...CURRENT, records: [{ number: makeNumber(9), version: 1 }] } },
      'conflict',
    ],
    [
      'another privilege',
      { expect: { ...CURRENT, records: [{ number: RECORD.number, version: 1, privilege: 1 }] } },
      'conflict',
    ],
    [
      'a roster that should be absent',
      { expect: 'absent' as const, header: makeHeader({ version: 5 }) },
      'conflict',
    ],
  ])('%s', async (_, fields, answer) => {
    const store = await storeWithSession(freshPath())
    expect(await store.commit(KEY, change(fields))).toBe(answer)
    expect(await store.list(KEY)).toEqual({ header: HEADER, records: [RECORD], unreadable: [] })
  })

  test('no roster at all', async () => {
    const store = openStore(freshPath())
    expect(await store.commit(KEY, change({ header: HEADER }))).toBe('gone')
    expect(await store.list(KEY)).toBeUndefined()
  })
})

test('header, puts and removals land together and are seen by another store on the file', async () => {
  const path = freshPath()
  const [store, other] = [await storeWithSession(path), openStore(path)]
  const header = makeHeader({ version: 2, subject: 'grace' })
  const second = makeRecord({
    number: makeNumber(2),
    device: { label: 'a\0b', address: '\ud800', userAgentHash: '' },
  })
  const removal = { number: RECORD.number, why: 'revoked' as const, absoluteDeadline: 0 }
  expect(
    await store.commit(KEY, change({ header, put: [second], remove: [removal], writeClass: 'durable' })),
  ).toBe('committed')
  expect(await other.read(KEY, RECORD.number)).toEqual({ header })
  expect(other.peek(KEY, second.number)).toMatchObject({
    record: { device: { label: 'a\0b', address: '\uFFFD' } },
  })
  expect(rowsOf(path, 'SELECT key, realm, subject FROM roster')).toEqual([
    { key: KEY, realm: '', subject: 'grace' },
  ])
})

test.each([0, 1, 300, 2_000])(
  'a roster is listed whole with records that have %i bytes of data each',
  async (bytes) => {
    const records = Array.from({ length: 10 }, (_, index) =>
      makeRecord({ number: makeNumber(index + 1), data: Buffer.alloc(bytes, index) }),
    )
    const store = openStore(freshPath())
    await store.commit(KEY, makeChange({ header: HEADER, put: records }))
    expect(await store.list(KEY)).toEqual({
      header: HEADER,
      records: records.toSorted((left, right) => (left.number < right.number ? -1 : 1)),
      unreadable: [],
    })
  },
)

test('dropping a roster takes all its records', async () => {
  const path = freshPath()
  const store = await storeWithSession(path)
  expect(await store.commit(KEY, change({ header: 'drop', put: [] }))).toBe('committed')
  expect(await store.read(KEY, RECORD.number)).toBeUndefined()
  expect(valueOf(path, 'SELECT count(*) FROM session')).toBe(0)
})

test('a change that cannot be encoded or is too large stores nothing and leaves no transaction open', async () => {
  const store = await storeWithSession(freshPath())
  await expect(
    store.commit(KEY, change({ put: [{ ...NEXT, data: Buffer.alloc(1 << 20) }] })),
  ).rejects.toMatchObject({ code: 'DATA_TOO_LARGE' })
  await expect(store.commit(KEY, change({ put: [{ ...NEXT, version: -1 }] }))).rejects.toThrow(RangeError)
  await expect(
    store.commit(KEY, change({ header: HEADER, put: [NEXT, { ...NEXT, idleDeadline: 0.5 }] })),
  ).rejects.toThrow(/INTEGER/)
  expect(await store.list(KEY)).toEqual({ header: HEADER, records: [RECORD], unreadable: [] })
  expect(await store.commit(KEY, change())).toBe('committed')
})

describe('how long a roster is kept', () => {
  test('the life of a key only grows', async () => {
    const path = freshPath()
    const store = await storeWithSession(path, { keepUntil: FAKE_START + HOUR })
    await store.commit(KEY, change({ keepUntil: FAKE_START + 5 * HOUR }))
    await store.commit(KEY, change({ expect: expecting(HEADER, [NEXT]), keepUntil: FAKE_START }))
    expect(valueOf(path, 'SELECT keep_hour FROM roster')).toBe(FAKE_START / HOUR + 5)
  })

  test('writers delete what is over by more than an hour, fifty at a time, and nothing else', async () => {
    const path = freshPath()
    const environment = fakeEnvironment()
    const store = openStore(path, { environment })
    await store.commit(KEY, makeChange({ header: HEADER, put: [RECORD], keepUntil: FAKE_START + 1 }))
    for (let index = 0; index < 60; index++)
      edit(path, `INSERT INTO roster VALUES ('old${index}', '', NULL, 1, x'00')`)
    environment.step(2 * HOUR - 60_001)
    await store.commit(KEY, change({ keepUntil: FAKE_START + 1 }))
    expect(valueOf(path, "SELECT count(*) FROM roster WHERE key LIKE 'old%'")).toBe(10)
    expect(await store.read(KEY, RECORD.number)).toMatchObject({ record: NEXT })
    environment.step(60_000)
    await store.commit(KEY, change())
    expect(rowsOf(path, 'SELECT key FROM roster')).toEqual([{ key: KEY }])
    environment.step(HOUR)
    expect(await store.read(KEY, RECORD.number)).toMatchObject({ record: NEXT })
    await store.commit(KEY, change())
    expect(rowsOf(path, 'SELECT key FROM roster UNION SELECT roster FROM session')).toEqual([])
  })
})

test('documents are replaced by compare-and-set and keep every character', async () => {
  const path = freshPath()
  const { documents } = openStore(path)
  expect(await documents.get('ring')).toBeUndefined()
  expect(await documents.put('ring', 1, 'x')).toBe('conflict')
  expect(await documents.put('ring', 'absent', 'a\0é')).toBe('committed')
  expect(await documents.put('ring', 'absent', 'x')).toBe('conflict')
  expect(await openStore(path).documents.get('ring')).toEqual({ version: 1, value: 'a\0é' })
  expect(await documents.put('ring', 1, 'b')).toBe('committed')
  expect(await documents.put('ring', 1, 'c')).toBe('conflict')
  expect(await documents.get('ring')).toEqual({ version: 2, value: 'b' })
  edit(path, 'UPDATE document SET version = 9223372036854775807')
  await expect(documents.get('ring')).rejects.toMatchObject({ code: 'STORE_CORRUPT' })
})

test('a closed store refuses everything and closes once', async () => {
  const store = await storeWithSession(freshPath())
  await store.close()
  await store.close()
  expect(store.peek(KEY, RECORD.number)).toBe('ask')
  for (const call of [
    store.read(KEY, RECORD.number),
    store.list(KEY),
    store.commit(KEY, change()),
    store.ping(),
    store.documents.get('a'),
  ]) {
    await expect(call).rejects.toMatchObject({ code: 'CLOSED' })
  }
})
