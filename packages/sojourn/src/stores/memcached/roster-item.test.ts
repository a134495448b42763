import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeHeader } from '../../core/codec/header.ts'
import { encodeRecord } from '../../core/codec/record.ts'
import { makeChange, makeHeader, makeNumber, makeRecord, makeRosterKey } from '../../testing/builders.ts'
import { HEADER, KEY, openStore, overwrite, startServer, valueAt } from './memcached.fixture.ts'
import { readRoster } from './reading.ts'
import { decodeItem, encodeItem } from './roster-item.ts'

const RECORDS = [makeRecord(), makeRecord({ number: makeNumber(2), data: Buffer.alloc(300, 7) })]
const PLACE = { roster: KEY, incarnation: HEADER.incarnation }
const ITEM = {
  keepUntil: 1_767_225_600_000,
  header: encodeHeader(KEY, HEADER),
  records: new Map(RECORDS.map((record) => [record.number, encodeRecord(PLACE, record)])),
}
const BYTES = encodeItem(KEY, ITEM)

it('comes back as it was put, at its own key and at no other', () => {
  expect(decodeItem(KEY, BYTES)).toEqual(ITEM)
  expect(readRoster(KEY, BYTES)).toEqual({ header: HEADER, records: RECORDS, unreadable: [] })
  expect(readRoster(makeRosterKey(2), BYTES)).toBe('damaged')
})

it('has the same bytes today as when it was written', () => {
  expect({ length: BYTES.length, sum: crc32(BYTES) }).toMatchInlineSnapshot(`
    {
      "length": 608,
      "sum": 320108927,
    }
  `)
})

describe('what is not what was written is never taken for it', () => {
  it('with any bit flipped', () => {
    for (let bit = 0; bit < BYTES.length * 8; bit++) {
      const bytes = Buffer.from(BYTES)
      bytes[bit >> 3]! ^= 1 << (bit & 7)
      const found = readRoster(KEY, bytes)
      const intact = typeof found === 'object' && found.records.length === RECORDS.length
      expect(intact, `bit ${bit}`).toBe(false)
    }
  })

  it('cut short, or with something behind it', () => {
    for (let length = 0; length < BYTES.length; length++)
      expect(decodeItem(KEY, BYTES.subarray(0, length))).toBe('damaged')
    expect(decodeItem(KEY, Buffer.concat([BYTES, Buffer.of(0)]))).toBe('damaged')
  })

  it('whatever else it is', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(decodeItem(KEY, bytes)).toBe('damaged')
      }),
    )
  })

  it('with more records than anybody writes', () => {
    const records = new Map(
      Array.from({ length: 257 }, (_, index) => [makeNumber(index + 1), Buffer.alloc(1)] as const),
    )
    expect(decodeItem(KEY, encodeItem(KEY, { ...ITEM, records }))).toBe('damaged')
  })
})

describe('what stands at the key of a roster', () => {
  const place = `sojourn:${KEY}`
  const creation = makeChange({ header: makeHeader({ subject: 'new' }), put: [] })
  const touch = makeChange({
    expect: { incarnation: HEADER.incarnation, epoch: HEADER.epoch, records: [] },
    put: [{ ...RECORDS[0]!, version: 2 }],
  })

  it('and cannot be read is replaced whole by a creation, and by nothing else', async () => {
    const server = await startServer()
    const store = openStore({ addresses: [server.address] })
    await overwrite(server, place, Buffer.from('something'))
    expect(await store.list(KEY)).toBe('damaged')
    expect(await store.commit(KEY, touch)).toBe('gone')
    expect(await store.commit(KEY, creation)).toBe('committed')
    expect(await store.list(KEY)).toEqual({ header: creation.header, records: [], unreadable: [] })
  })

  it('and a later version wrote is replaced by nothing', async () => {
    const server = await startServer()
    const store = openStore({ addresses: [server.address] })
    const newer = Buffer.from(BYTES)
    const end = 4 + newer.readUInt32BE(0) - 4
    newer[4] = 2
    newer.writeUInt32BE(crc32(newer.subarray(4, end), crc32(`roster ${KEY}`)), end)
    await overwrite(server, place, newer)
    expect(await store.list(KEY)).toBe('newer')
    expect(await store.commit(KEY, touch)).toBe('conflict')
    expect(await store.commit(KEY, creation)).toBe('conflict')
    expect(await valueAt(server, place)).toEqual(newer)
  })

  it('is passed on as it is where a change does not touch it', async () => {
    const server = await startServer()
    const store = openStore({ addresses: [server.address] })
    const odd = makeNumber(3)
    const records = new Map([...ITEM.records, [odd, Buffer.from('damaged')]])
    await overwrite(server, place, encodeItem(KEY, { ...ITEM, records }))
    expect(await store.commit(KEY, touch)).toBe('committed')
    expect(await store.list(KEY)).toMatchObject({ unreadable: [{ number: odd, why: 'damaged' }] })
    const { incarnation, epoch } = HEADER
    const taking = { incarnation, epoch, records: [{ number: odd, version: 'absent' as const }] }
    const put = [makeRecord({ number: odd })]
    expect(await store.commit(KEY, makeChange({ expect: taking, put }))).toBe('committed')
    expect(await store.read(KEY, odd)).toMatchObject({ record: put[0] })
  })
})

it('a document that holds something else is an error and not an absence', async () => {
  const server = await startServer()
  const store = openStore({ addresses: [server.address] })
  await overwrite(server, 'sojourn:document:ring', Buffer.from('something'))
  await expect(store.documents.get('ring')).rejects.toMatchObject({ code: 'STORE_CORRUPT' })
  await expect(store.documents.put('ring', 1, 'x')).rejects.toMatchObject({ code: 'STORE_CORRUPT' })
  expect(await store.documents.put('ring', 'absent', 'x')).toBe('conflict')
})
