import { BlockList, isIPv4, isIPv6 } from 'node:net'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { contains, firstIn, isLoopback, readAddress } from './networks.ts'

const v4 = fc.ipV4()
const v6 = fc.oneof(
  fc.ipV6(),
  fc
    .array(fc.constantFrom('0', '0', 'ffff', 'a00', '1', '64', 'ff9b'), { minLength: 8, maxLength: 8 })
    .map((parts) => parts.join(':')),
)

test('IPv6 is written as URLs write it, IPv4 inside it as IPv4', () => {
  fc.assert(
    fc.property(v6, (text) => {
      const inUrl = new URL(`http://[${text}]/`).hostname.slice(1, -1)
      const address = readAddress(text)
      const mapped = /^::ffff:([\da-f]+):([\da-f]+)$/.exec(inUrl)
      const halves = mapped?.slice(1).flatMap((half) => [Number(`0x${half}`) >> 8, Number(`0x${half}`) & 255])
      expect(address?.text).toBe(halves?.join('.') ?? inUrl)
      expect(address?.bytes).toHaveLength(mapped === null ? 16 : 4)
    }),
    { numRuns: 2000 },
  )
})

test('only what the machine takes for an address is one', () => {
  const piece = fc.constantFrom(
    '0',
    '1',
    '10',
    '255',
    '256',
    '.',
    ':',
    '::',
    'ffff',
    'x',
    '%',
    'eth0',
    '01',
    ' ',
    '/',
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const text = pieces.join('')
      const address = readAddress(text)
      const isOne = isIPv4(text) || isIPv6(text)
      // The machine takes anything for a zone.
      expect(address !== undefined).toBe(isOne && (!text.includes('%') || /%[\w.~-]+$/.test(text)))
      expect(address === undefined ? undefined : readAddress(address.text)).toEqual(address)
    }),
    { numRuns: 5000 },
  )
})

test('a range holds what it holds elsewhere, and begins with its first address', () => {
  const range = fc.oneof(
    fc.record({
      base: v4,
      other: v4,
      prefix: fc.integer({ min: 1, max: 32 }),
      kept: fc.integer({ min: 0, max: 32 }),
    }),
    fc.record({
      base: fc.ipV6(),
      other: fc.ipV6(),
      prefix: fc.integer({ min: 1, max: 128 }),
      kept: fc.integer({ min: 0, max: 128 }),
    }),
  )
  fc.assert(
    fc.property(range, ({ base, other, prefix, kept }) => {
      const start = readAddress(base)
      const end = readAddress(other)
      fc.pre(start?.bytes.length === (isIPv4(base) ? 4 : 16) && end?.bytes.length === start.bytes.length)
      const family = isIPv4(base) ? 'ipv4' : 'ipv6'
      const first = firstIn(start, prefix)
      const list = new BlockList()
      list.addSubnet(first.text, prefix, family)
      // An address that shares as many bits as it may: all are tried, not only far ones.
      const near = readAddress(merged(start.bytes, end.bytes, kept))
      fc.pre(near !== undefined)
      for (const address of [start, end, near])
        expect(contains({ bytes: first.bytes, prefix }, address)).toBe(
          list.check(address.text, address.bytes.length === 4 ? 'ipv4' : 'ipv6'),
        )
      expect(firstIn(first, prefix)).toEqual(first)
      expect(readAddress(first.text)).toEqual(first)
    }),
    { numRuns: 3000 },
  )
})

test('families do not mix', () => {
  const ipv4 = { bytes: [0, 0, 0, 0], prefix: 1 }
  const ipv6 = { bytes: Array.from({ length: 16 }, () => 0), prefix: 1 }
  for (const [text, network] of [
    ['::1', ipv4],
    ['64:ff9b::a00:1', ipv4],
    ['10.0.0.1', ipv6],
    ['::ffff:10.0.0.1', ipv6],
  ] as const)
    expect(contains(network, readAddress(text) ?? { text: '', bytes: [] })).toBe(false)
})

test.each<[string, boolean]>([
  ['127.0.0.1', true],
  ['127.255.255.254', true],
  ['::1', true],
  ['::ffff:127.0.0.1', true],
  ['126.0.0.1', false],
  ['::2', false],
  ['::127.0.0.1', false],
  ['0.0.0.0', false],
])('%s is this machine: %s', (text, expected) => {
  const address = readAddress(text)
  expect(address !== undefined && isLoopback(address)).toBe(expected)
})

/** The first `kept` bits of one, the others of another. */
function merged(one: readonly number[], other: readonly number[], kept: number): string {
  const bytes = one.map((byte, index) => {
    const mask = (0xff << (8 - Math.min(Math.max(kept - index * 8, 0), 8))) & 0xff
    return (byte & mask) | ((other[index] as number) & ~mask & 0xff)
  })
  if (bytes.length === 4) return bytes.join('.')
  return Array.from({ length: 8 }, (_, index) =>
    ((bytes[2 * index] as number) * 256 + (bytes[2 * index + 1] as number)).toString(16),
  ).join(':')
}
