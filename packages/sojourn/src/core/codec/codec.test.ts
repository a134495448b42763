// Wire tests: what these bytes look like is a promise to every process that reads them later.
import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { holds } from '../holds.fixture.ts'
import {
  makeCommitId,
  makeHeader,
  makeIncarnation,
  makeNumber,
  makeRecord,
  makeRosterKey,
} from '../../testing/builders.ts'
import { FAKE_START } from '../../testing/fake-environment.ts'
import type { CommitId, Incarnation, RosterKey, SessionNumber } from '../ids.ts'
import { sessionId } from '../ids.ts'
import type { RosterHeader, StoredSession } from '../roster.ts'
import { FORMAT, MAX_VALUE_BYTES } from './frame.ts'
import { decodeHeader, encodeHeader } from './header.ts'
import { decodeRecord, encodeRecord } from './record.ts'

const KEY = makeRosterKey(1)
const NUMBER = makeNumber(1)
const PLACE = { roster: KEY, incarnation: makeIncarnation(1), number: NUMBER }
const ADDRESS = sessionId(KEY, NUMBER) + PLACE.incarnation

const base64 = <T extends string>(bytes: number): fc.Arbitrary<T> =>
  fc
    .uint8Array({ minLength: bytes, maxLength: bytes })
    .map((raw) => Buffer.from(raw).toString('base64url') as T)
const instant = fc.integer({ min: 0, max: 2 ** 42 })
const counter = fc.integer({ min: 0, max: 2 ** 32 - 1 })
const bytes = (maxLength: number): fc.Arbitrary<Buffer> =>
  fc.uint8Array({ maxLength }).map((raw) => Buffer.from(raw))
const text = fc.string({ unit: 'grapheme', maxLength: 40 })

const headers: fc.Arbitrary<RosterHeader> = fc.record({
  state: fc.constantFrom('live' as const, 'restoring' as const),
  incarnation: base64<Incarnation>(6),
  term: instant,
  version: counter,
  epoch: counter,
  globalEpoch: instant,
  realm: fc.oneof(fc.constant('default'), text),
  subject: fc.option(text, { nil: undefined }),
  attributes: fc.option(
    fc.record({ version: fc.maxSafeNat(), setAt: instant, json: fc.json().map(String) }),
    { nil: undefined },
  ),
  lastCommit: base64<CommitId>(6),
})

const records: fc.Arbitrary<StoredSession> = fc.record({
  number: fc.constant(NUMBER),
  version: counter,
  epoch: counter,
  privilege: fc.integer({ min: 0, max: 65_535 }),
  generation: fc.integer({ min: 0, max: 2 ** 24 - 1 }),
  secretHash: base64(32),
  secretAt: instant,
  createdAt: instant,
  authenticatedAt: instant,
  seenAt: instant,
  idleDeadline: instant,
  absoluteDeadline: instant,
  lifetime: fc.constantFrom('anonymous' as const, 'session' as const, 'remember' as const),
  aal: fc.constantFrom(0 as const, 1 as const, 2 as const, 3 as const),
  acr: text,
  amr: fc.array(text, { maxLength: 16 }),
  device: fc.record({
    label: text,
    address: fc.oneof(text, fc.ipV4(), fc.ipV6()),
    userAgentHash: fc.oneof(fc.constant(''), base64(9), text),
  }),
  grace: fc.option(fc.record({ previousHash: base64(32), endsAt: instant, sealed: bytes(80) }), {
    nil: undefined,
  }),
  claim: fc.option(
    fc.record({
      roster: base64<RosterKey>(12),
      number: base64<SessionNumber>(6),
      endsAt: instant,
      sealed: bytes(80),
    }),
    { nil: undefined },
  ),
  lastCommit: base64<CommitId>(6),
  data: bytes(300),
})

const FULL_HEADER = makeHeader({
  state: 'restoring',
  version: 3,
  epoch: 2,
  globalEpoch: FAKE_START,
  term: FAKE_START + 1,
  realm: 'staff',
  subject: 'ada@example.org',
  attributes: { version: 9, setAt: FAKE_START + 2, json: '{"plan":"gold"}' },
})
const FULL_RECORD = makeRecord({
  version: 5,
  epoch: 2,
  privilege: 1,
  generation: 3,
  aal: 2,
  acr: 'urn:gold',
  amr: ['pwd', 'otp'],
  lifetime: 'remember',
  device: {
    label: 'Safari on iPhone',
    address: '2001:db8::7',
    userAgentHash: Buffer.alloc(9, 6).toString('base64url'),
  },
  grace: {
    previousHash: Buffer.alloc(32, 7).toString('base64url'),
    sealed: Buffer.alloc(62, 8),
    endsAt: FAKE_START + 30_000,
  },
  claim: {
    roster: makeRosterKey(2),
    number: makeNumber(2),
    endsAt: FAKE_START + 7,
    sealed: Buffer.alloc(62, 9),
  },
})
const EMPTY_HEADER = makeHeader({ subject: undefined })
const EMPTY_RECORD = makeRecord({
  authenticatedAt: 0,
  aal: 0,
  amr: [],
  lifetime: 'anonymous',
  device: { label: '', address: '', userAgentHash: '' },
  data: Buffer.alloc(0),
})

describe('a header', () => {
  const decode = (value: Uint8Array): unknown => decodeHeader(KEY, value)

  it('comes back as it was', () => {
    holds(headers, (header) => expect(decode(encodeHeader(KEY, header))).toEqual(header))
  })

  it('has these bytes', () => {
    expect(encodeHeader(KEY, EMPTY_HEADER).toString('hex')).toMatchInlineSnapshot(
      `"01000000010800000000000100000000000100000000000000000000010082979aad"`,
    )
    expect(encodeHeader(KEY, FULL_HEADER).toString('hex')).toMatchInlineSnapshot(
      `"01000000030f000000000001019b76daa8010000000280d0eab6b7330000000000010573746166660f616461406578616d706c652e6f726709019b76daa8020f7b22706c616e223a22676f6c64227d5ecd9b19"`,
    )
  })

  damages(encodeHeader(KEY, FULL_HEADER), decode)

  it('is damaged with something behind its end', () => {
    const value = encodeHeader(KEY, FULL_HEADER)
    expect(decode(resealed(Buffer.concat([value, Buffer.of(0)]), KEY))).toBe('damaged')
  })

  it('is damaged under another key', () => {
    expect(decodeHeader(makeRosterKey(2), encodeHeader(KEY, FULL_HEADER))).toBe('damaged')
  })
})

describe('a record', () => {
  const decode = (value: Uint8Array): unknown => decodeRecord(PLACE, value)

  it('comes back as it was', () => {
    holds(records, (record) => expect(normal(decode(encodeRecord(PLACE, record)))).toEqual(normal(record)))
  })

  it('has these bytes', () => {
    expect(encodeRecord(PLACE, EMPTY_RECORD).toString('hex')).toMatchInlineSnapshot(
      `"010000000100000000000000000000010000000000000000000000000000000000000000000000000000000000000001019b76daa8000000c070808c1500000000c1ef2520"`,
    )
    expect(encodeRecord(PLACE, FULL_RECORD).toString('hex')).toMatchInlineSnapshot(
      `"01000000050001fa02030000000000010000000000000000000000000000000000000000000000000000000000000001019b76daa800000000c070808c150e0ce7af5ae2e441e8773aa83cbf20010db80000000000000000000000070606060606060606060875726e3a676f6c640203707764036f74700707070707070707070707070707070707070707070707070707070707070707e0d4033e08080808080808080808080808080808080808080808080808080808080808080808080808080808080808080808080808080808080808080808080808080000000000000000000000020000000000020e3e09090909090909090909090909090909090909090909090909090909090909090909090909090909090909090909090909090909090909090909090909097b2263617274223a5b22626f6f6b225d7d5fa46117"`,
    )
  })

  it('has its version at bytes 1 to 4 and its privilege behind, where a script finds them', () => {
    const value = encodeRecord(PLACE, makeRecord({ version: 0x01020304, privilege: 0x090a }))
    expect(value.subarray(0, 7).toString('hex')).toBe('0101020304090a')
  })

  damages(encodeRecord(PLACE, FULL_RECORD), decode)

  it.each([
    ['under another number of the roster', { number: makeNumber(2) }],
    ['in another roster', { roster: makeRosterKey(2) }],
    ['in a roster that was rebuilt', { incarnation: makeIncarnation(2) }],
  ])('is damaged %s: nobody gets somebody else’s session', (_, place) => {
    expect(decodeRecord({ ...PLACE, ...place }, encodeRecord(PLACE, FULL_RECORD))).toBe('damaged')
  })

  it('larger than anything that is written is not looked at, whatever its checksum says', () => {
    const huge = Buffer.concat([encodeRecord(PLACE, FULL_RECORD), Buffer.alloc(MAX_VALUE_BYTES)])
    expect(decode(resealed(huge, ADDRESS))).toBe('damaged')
    expect(decode(resealed(huge.subarray(0, MAX_VALUE_BYTES), ADDRESS))).toMatchObject({ number: NUMBER })
  })

  it('is damaged with a lifetime that does not exist', () => {
    const value = Buffer.from(encodeRecord(PLACE, FULL_RECORD))
    value[7] = (value[7] as number) | 3
    expect(decode(resealed(value, ADDRESS))).toBe('damaged')
  })
})

/** Whatever is done to the bytes: damaged, or exactly what was written. */
function damages(value: Buffer, decode: (value: Uint8Array) => unknown): void {
  it('is damaged by any flipped bit', () => {
    for (let at = 0; at < value.length; at++) {
      for (let bit = 0; bit < 8; bit++) {
        const other = Buffer.from(value)
        other[at] = (other[at] as number) ^ (1 << bit)
        expect(decode(other), `byte ${at}, bit ${bit}`).toBe('damaged')
      }
    }
  })

  it('is damaged when cut short anywhere, when longer, and when huge', () => {
    for (let length = 0; length < value.length; length++)
      expect(decode(value.subarray(0, length)), `${length} bytes`).toBe('damaged')
    expect(decode(Buffer.concat([value, Buffer.of(0)]))).toBe('damaged')
    expect(decode(Buffer.alloc(MAX_VALUE_BYTES + 1))).toBe('damaged')
  })

  it('is damaged when it is anything else', () => {
    holds(fc.uint8Array({ maxLength: 200 }), (other) => expect(decode(other)).toBe('damaged'))
    expect(decode(Buffer.from('{"subject":"ada"}'))).toBe('damaged')
  })

  it('never throws on bytes that pass the checksum and make no sense', () => {
    holds(fc.uint8Array({ minLength: 5, maxLength: 200 }), fc.boolean(), (body, asHeader) => {
      const raw = Buffer.concat([Buffer.of(FORMAT), body, Buffer.alloc(4)])
      const address = asHeader ? KEY : ADDRESS
      expect(() => decode(resealed(raw, address))).not.toThrow()
    })
  })

  it('of a later version is `newer`, of an earlier one that never was `damaged`', () => {
    for (const [format, answer] of [
      [FORMAT + 1, 'newer'],
      [255, 'newer'],
      [0, 'damaged'],
    ] as const) {
      const other = Buffer.from(value)
      other[0] = format
      const address = decode(resealed(other, KEY)) === 'damaged' ? ADDRESS : KEY
      expect(decode(resealed(other, address))).toBe(answer)
    }
  })
}

function resealed(value: Buffer, address: string): Buffer {
  const other = Buffer.from(value)
  other.writeUInt32BE(crc32(other.subarray(0, -4), crc32(address)), other.length - 4)
  return other
}

function normal(value: unknown): unknown {
  const plain = (item: unknown): unknown =>
    item instanceof Uint8Array ? Buffer.from(item).toString('hex') : item
  return JSON.parse(JSON.stringify(value, (_, item: unknown) => plain(bufferOf(item)))) as unknown
}

/** JSON turns a Buffer into an object before the replacer sees it. */
function bufferOf(item: unknown): unknown {
  const json = item as { type?: unknown; data?: unknown } | null
  return typeof item === 'object' && json?.type === 'Buffer' ? Buffer.from(json.data as number[]) : item
}

it('keeps the commit that wrote it', () => {
  const record = makeRecord({ lastCommit: makeCommitId(77) })
  expect(decodeRecord({ ...PLACE, number: NUMBER }, encodeRecord(PLACE, record))).toMatchObject({
    lastCommit: makeCommitId(77),
  })
})
