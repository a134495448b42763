import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { crc32 } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import type { SessionNumber } from '../../core/ids.ts'
import { MAX_RECORDS, type Roster } from '../../core/roster.ts'
import {
  expecting,
  makeChange,
  makeHeader,
  makeIncarnation,
  makeNumber,
  makeRecord,
  makeRosterKey,
} from '../../testing/builders.ts'
import {
  bytesOf,
  edit,
  freshPath,
  HEADER,
  KEY,
  RECORD,
  rowsOf,
  storeWithSession,
  valueOf,
} from './files.fixture.ts'
import { readRoster } from './reading.ts'
import { prepareStatements } from './statements.ts'

const REPLACEMENT = makeHeader({ incarnation: makeIncarnation(2) })
const OTHER = makeRecord({ number: makeNumber(2) })

describe('bytes that are not what was written are never somebody’s session', () => {
  test('a flipped bit in any byte of a header', async () => {
    const path = freshPath()
    const store = await storeWithSession(path)
    const original = bytesOf(path, 'SELECT header FROM roster')
    for (const value of flipped(original)) {
      edit(path, 'UPDATE roster SET header = ?', value)
      expect(await store.read(KEY, RECORD.number)).toBe('damaged')
      expect(await store.list(KEY)).toBe('damaged')
    }
  })

  test('a flipped bit in any byte of a record', async () => {
    const path = freshPath()
    const store = await storeWithSession(path)
    const original = bytesOf(path, 'SELECT record FROM session')
    for (const value of flipped(original)) {
      edit(path, 'UPDATE session SET record = ?', value)
      expect(await store.read(KEY, RECORD.number)).toEqual({ header: HEADER, unreadable: 'damaged' })
      expect(await store.list(KEY)).toEqual({
        header: HEADER,
        records: [],
        unreadable: [{ number: RECORD.number, why: 'damaged' }],
      })
    }
  })

  test.each([
    ['nothing', "x''"],
    ['one byte', "x'01'"],
    ['a value of 10 MB', 'zeroblob(10000000)'],
    ['a value of 10 MB that says it is newer', "x'ff' || zeroblob(10000000)"],
  ])('%s instead', async (_, sql) => {
    const path = freshPath()
    const store = await storeWithSession(path)
    edit(path, `UPDATE session SET record = CAST(${sql} AS BLOB)`)
    expect(await store.read(KEY, RECORD.number)).toEqual({ header: HEADER, unreadable: 'damaged' })
    edit(path, `UPDATE roster SET header = CAST(${sql} AS BLOB)`)
    expect(store.peek(KEY, RECORD.number)).toBe('damaged')
  })

  test('values that were swapped between two rows', async () => {
    const path = freshPath()
    const store = await storeWithSession(path, { put: [RECORD, OTHER] })
    const record = (number: string) => bytesOf(path, `SELECT record FROM session WHERE number = '${number}'`)
    const [first, second] = [record(RECORD.number), record(OTHER.number)]
    edit(
      path,
      'UPDATE session SET record = CASE number WHEN ? THEN ? ELSE ? END',
      RECORD.number,
      second,
      first,
    )
    expect(await store.list(KEY)).toMatchObject({
      records: [],
      unreadable: [{ why: 'damaged' }, { why: 'damaged' }],
    })
  })

  test('a roster that was copied to another key', async () => {
    const path = freshPath()
    const store = await storeWithSession(path)
    const other = makeRosterKey(2)
    edit(path, 'INSERT INTO roster SELECT ?, realm, subject, keep_hour, header FROM roster', other)
    expect(await store.read(other, RECORD.number)).toBe('damaged')
  })

  test.each([
    ['address', "'198.51.100.1'"],
    ['device_label', "''"],
    ['created_at', 'created_at + 1'],
    ['authenticated_at', '0'],
    ['seen_at', '-1'],
    ['idle_deadline', '9223372036854775807'],
    ['absolute_deadline', '-9223372036854775808'],
  ])(
    'a column that is there to be searched, such as %s, says nothing about a session',
    async (column, sql) => {
      const path = freshPath()
      const store = await storeWithSession(path, { put: [RECORD, OTHER] })
      edit(path, `UPDATE session SET ${column} = ${sql} WHERE number = ?`, RECORD.number)
      expect(await store.read(KEY, RECORD.number)).toEqual({ header: HEADER, record: RECORD })
      expect((await store.list(KEY)) as object).toMatchObject({ unreadable: [] })
    },
  )

  test.each([["subject = 'eve'"], ['subject = NULL'], ["realm = 'x'"]])('a header after %s', async (sql) => {
    const path = freshPath()
    const store = await storeWithSession(path)
    edit(path, `UPDATE roster SET ${sql}`)
    expect(await store.read(KEY, RECORD.number)).toBe('damaged')
  })
})

describe('what is damaged gives way, and is kept for inspection', () => {
  test('a damaged header counts as absent; its replacement inherits no record', async () => {
    const path = freshPath()
    const store = await storeWithSession(path)
    edit(path, "UPDATE roster SET header = x'0102'")
    expect(await store.commit(KEY, makeChange({ expect: expecting(HEADER), put: [] }))).toBe('gone')
    expect(await store.commit(KEY, makeChange({ header: REPLACEMENT, put: [OTHER] }))).toBe('committed')
    expect(await store.list(KEY)).toEqual({ header: REPLACEMENT, records: [OTHER], unreadable: [] })
    expect(rowsOf(path, 'SELECT roster, number, size FROM quarantine ORDER BY id')).toMatchObject([
      { roster: KEY, number: null, size: 2 },
      { number: RECORD.number },
    ])
  })

  test('records that lost their header are no session, and no part of the next roster', async () => {
    const path = freshPath()
    const store = await storeWithSession(path)
    edit(path, 'DELETE FROM roster')
    expect(await store.read(KEY, RECORD.number)).toBeUndefined()
    expect(await store.commit(KEY, makeChange({ header: HEADER }))).toBe('committed')
    expect(await store.read(KEY, RECORD.number)).toEqual({ header: HEADER })
  })

  test('a damaged record can be removed by its number, or replaced by who expects it absent', async () => {
    const path = freshPath()
    const store = await storeWithSession(path, { put: [RECORD, OTHER] })
    edit(path, "UPDATE session SET record = x'0102'")
    const removal = { number: OTHER.number, why: 'damaged' as const, absoluteDeadline: 0 }
    const at = (version: number | 'absent') => ({
      ...expecting(HEADER),
      records: [{ number: RECORD.number, version }],
    })
    expect(await store.commit(KEY, makeChange({ expect: at(1), put: [RECORD] }))).toBe('conflict')
    expect(
      await store.commit(KEY, makeChange({ expect: at('absent'), put: [RECORD], remove: [removal] })),
    ).toBe('committed')
    expect(await store.list(KEY)).toEqual({ header: HEADER, records: [RECORD], unreadable: [] })
    expect(valueOf(path, 'SELECT count(*) FROM quarantine')).toBe(2)
  })

  test('quarantine holds a thousand values and none above 64 KiB', async () => {
    const path = freshPath()
    const store = await storeWithSession(path)
    edit(
      path,
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1500) INSERT INTO quarantine SELECT i, '', '', 0, 0, x'' FROM n",
    )
    edit(path, 'UPDATE session SET record = zeroblob(70000)')
    await store.commit(
      KEY,
      makeChange({
        expect: expecting(HEADER),
        remove: [{ number: RECORD.number, why: 'damaged', absoluteDeadline: 0 }],
      }),
    )
    expect(rowsOf(path, 'SELECT count(*) AS rows, max(length(value)) AS longest FROM quarantine')).toEqual([
      { rows: 1000, longest: 0 },
    ])
  })
})

describe('what a later version wrote is never rewritten', () => {
  test('a header', async () => {
    const path = freshPath()
    const store = await storeWithSession(path)
    const value = asNewer(bytesOf(path, 'SELECT header FROM roster'), KEY)
    edit(path, 'UPDATE roster SET header = ?', value)
    expect(await store.read(KEY, RECORD.number)).toBe('newer')
    expect(await store.list(KEY)).toBe('newer')
    expect(await store.commit(KEY, makeChange({ header: REPLACEMENT }))).toBe('conflict')
    expect(await store.commit(KEY, makeChange({ expect: expecting(HEADER), header: 'drop' }))).toBe(
      'conflict',
    )
    expect(bytesOf(path, 'SELECT header FROM roster')).toEqual(value)
  })

  test('a record', async () => {
    const path = freshPath()
    const store = await storeWithSession(path, { put: [RECORD, OTHER] })
    const value = asNewer(
      bytesOf(path, `SELECT record FROM session WHERE number = '${RECORD.number}'`),
      KEY + RECORD.number + HEADER.incarnation,
    )
    edit(path, 'UPDATE session SET record = ? WHERE number = ?', value, RECORD.number)
    expect(await store.list(KEY)).toEqual({
      header: HEADER,
      records: [OTHER],
      unreadable: [{ number: RECORD.number, why: 'newer' }],
    })
    for (const records of [
      [],
      [{ number: RECORD.number, version: 1 }],
      [{ number: RECORD.number, version: 'absent' as const }],
    ]) {
      expect(
        await store.commit(KEY, makeChange({ expect: { ...expecting(HEADER), records }, put: [RECORD] })),
      ).toBe('conflict')
    }
    const removal = { number: RECORD.number, why: 'expired' as const, absoluteDeadline: 0 }
    expect(await store.commit(KEY, makeChange({ expect: expecting(HEADER), remove: [removal] }))).toBe(
      'conflict',
    )
    expect(bytesOf(path, `SELECT record FROM session WHERE number = '${RECORD.number}'`)).toEqual(value)
    expect(
      await store.commit(
        KEY,
        makeChange({ expect: expecting(HEADER, [OTHER]), header: makeHeader({ version: 2 }), put: [OTHER] }),
      ),
    ).toBe('committed')
  })
})

test('a roster with more rows than anybody writes is read one way, and what is damaged in it can be cleared away', async () => {
  const path = freshPath()
  const store = await storeWithSession(path)
  fill(path, 2 * MAX_RECORDS)
  const damagedNow = async (): Promise<readonly SessionNumber[]> => {
    expect(await store.read(KEY, RECORD.number)).toEqual({ header: HEADER, record: RECORD })
    const roster = await store.list(KEY)
    expect(roster).toMatchObject({ header: HEADER, records: [RECORD] })
    return (roster as Roster).unreadable.map(({ number }) => number)
  }
  expect(await store.commit(KEY, makeChange({ header: REPLACEMENT, put: [RECORD] }))).toBe('conflict')
  for (let round = 0; round < 2; round++) {
    const damaged = await damagedNow()
    expect(damaged).toHaveLength(MAX_RECORDS)
    const remove = damaged.map((number) => ({ number, why: 'damaged', absoluteDeadline: 0 }) as const)
    expect(await store.commit(KEY, makeChange({ expect: expecting(HEADER), remove }))).toBe('committed')
  }
  expect(await damagedNow()).toEqual([])
})

test('a damaged roster with more rows than anybody writes is replaced whole, and a bounded part of it is kept', async () => {
  const path = freshPath()
  const store = await storeWithSession(path)
  fill(path, 20_000)
  edit(path, "UPDATE roster SET header = x'0102'")
  expect(await store.list(KEY)).toBe('damaged')
  expect(await store.commit(KEY, makeChange({ header: REPLACEMENT, put: [RECORD] }))).toBe('committed')
  expect(await store.list(KEY)).toEqual({ header: REPLACEMENT, records: [RECORD], unreadable: [] })
  expect(valueOf(path, 'SELECT count(*) FROM quarantine')).toBe(MAX_RECORDS + 1)
})

test.each([
  ['begins with', 'char(0) || number'],
  ['has', 'substr(number, 1, 3) || char(0) || substr(number, 5)'],
  ['ends with', 'number || char(0)'],
])('where text is read up to a NUL, as by Node 22, a number that %s one hides nothing', async (_, sql) => {
  const path = freshPath()
  const store = await storeWithSession(path, { put: [RECORD, OTHER] })
  edit(path, `UPDATE session SET number = ${sql} WHERE number = (SELECT min(number) FROM session)`)
  const database = new DatabaseSync(path)
  const { list, ...statements } = prepareStatements(database)
  const cut: typeof list = { ...list, first: (...values) => list.first(...values)?.map(upToNul) }
  const found = readRoster({ ...statements, list: cut }, KEY)
  database.close()
  assert(typeof found === 'object')
  // A number that only ends with one reads as whole where text is cut there, and its record with it.
  expect(found.records).toContainEqual(OTHER)
  expect(found.records.length + found.unreadable.length).toBe(2)
  expect(await store.list(KEY)).toEqual(found)
})

/** So many rows more under the one roster, none of which is a record. */
function fill(path: string, rows: number): void {
  edit(
    path,
    `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${rows}) INSERT INTO session SELECT roster, 'n' || i, '', '', 0, 0, 0, 0, 0, x'' FROM n, session WHERE number = '${RECORD.number}'`,
  )
}

function upToNul(value: unknown): unknown {
  return typeof value === 'string' ? value.split('\0')[0] : value
}

/** One bit in each byte, another one each time. */
function* flipped(original: Buffer): Generator<Buffer> {
  for (let at = 0; at < original.length; at++) {
    const copy = Buffer.from(original)
    copy[at] = (copy[at] as number) ^ (1 << (at % 8))
    yield copy
  }
}

/** As a version with format 2 would have written it. */
function asNewer(value: Buffer, address: string): Buffer {
  const copy = Buffer.from(value)
  copy[0] = 2
  copy.writeUInt32BE(crc32(copy.subarray(0, -4), crc32(address)), copy.length - 4)
  return copy
}
