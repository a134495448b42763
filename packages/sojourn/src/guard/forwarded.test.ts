import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readForwarded } from './forwarded.ts'

const read = (text: string): readonly Record<string, string>[] | undefined =>
  readForwarded(text)?.map((element) => Object.fromEntries(element))

describe('what RFC 7239 says', () => {
  test.each<[string, readonly Record<string, string>[]]>([
    ['for="_gazonk"', [{ for: '_gazonk' }]],
    ['For="[2001:db8:cafe::17]:4711"', [{ for: '[2001:db8:cafe::17]:4711' }]],
    ['for=192.0.2.60;proto=http;by=203.0.113.43', [{ for: '192.0.2.60', proto: 'http', by: '203.0.113.43' }]],
    ['for=192.0.2.43, for=198.51.100.17', [{ for: '192.0.2.43' }, { for: '198.51.100.17' }]],
    [
      'for=192.0.2.43,for="[2001:db8:cafe::17]",for=unknown',
      [{ for: '192.0.2.43' }, { for: '[2001:db8:cafe::17]' }, { for: 'unknown' }],
    ],
    ['for=_hidden, for=_SEVKISEK', [{ for: '_hidden' }, { for: '_SEVKISEK' }]],
    ['proto=https;for=a;secret=x', [{ proto: 'https', for: 'a', secret: 'x' }]],
    ['for="a,b;c=d\\"e\\\\f"', [{ for: 'a,b;c=d"e\\f' }]],
    ['for=""', [{ for: '' }]],
    ['for=a \t,\t for=b ', [{ for: 'a' }, { for: 'b' }]],
    ['for=a;;proto=b;', [{ for: 'a', proto: 'b' }]],
    ['for=a,,for=b', [{ for: 'a' }, {}, { for: 'b' }]],
    ['', [{}]],
    ['__proto__=a;constructor=b', [{ ['__proto__']: 'a', constructor: 'b' }]],
  ])('%s', (text, elements) => {
    expect(read(text)).toEqual(elements)
  })
})

test.each([
  'for',
  'for=',
  '=a',
  'for =a',
  'for= a',
  'for=a b',
  'for=a; proto=b',
  'for=a ;proto=b',
  'for="a',
  'for="a\\',
  'for="a\\"',
  'for=a"',
  'for="a"b',
  'for="a""b"',
  "for='a', for=\"",
  'for=1.2.3.4:80',
  'for=[::1]',
  'for=a;for=b',
  'for=a;FOR=b',
  'for=a\u00a0',
  'for="a\nb"',
  'for="\u0000"',
  'for="\u0100"',
  'f\u00f6r=a',
  'for=a=b',
  'for==a',
  '"for"=a',
  'for=a,for="b,for=c',
])('what it does not say is unusable as a whole: %j', (text) => {
  expect(readForwarded(text)).toBeUndefined()
  expect(readForwarded(`for=192.0.2.1, ${text}`)).toBeUndefined()
  expect(readForwarded(`${text}, for=192.0.2.1`)).toBeUndefined()
})

test('what is longer than 8 KiB is not read', () => {
  const of = (length: number): string => `for="${'a'.repeat(length - 6)}"`
  expect(readForwarded(of(8192))).toHaveLength(1)
  expect(readForwarded(of(8193))).toBeUndefined()
})

const TOKEN = fc.stringMatching(/^[\w!#$%&'*+.^`|~-]{1,8}$/)
const pairs = fc.uniqueArray(fc.tuple(TOKEN, fc.stringMatching(/^[\t -~\x80-\xff]{0,12}$/)), {
  selector: ([name]) => name.toLowerCase(),
  maxLength: 4,
})

test('it reads what was written, whatever was in it', () => {
  fc.assert(
    fc.property(fc.array(pairs, { minLength: 1, maxLength: 5 }), (elements) => {
      const quoted = (value: string): string => `"${value.replace(/["\\]/g, '\\$&')}"`
      const text = elements
        .map((list) => list.map(([name, value]) => `${name}=${quoted(value)}`).join(';'))
        .join(', ')
      const names = elements.map((list) => list.map(([name, value]) => [name.toLowerCase(), value]))
      expect(readForwarded(text)?.map((element) => [...element])).toEqual(names)
    }),
  )
})

test('nothing that a client begins goes on in what the proxy appends', () => {
  const piece = fc.constantFrom(
    'for',
    '=',
    '"',
    '\\',
    ',',
    ';',
    ' ',
    '\t',
    'a',
    'proto=https',
    'for=10.0.0.1',
    '\u00e4',
    '\u0000',
  )
  const appended = 'for="[2001:db8::1]:4711";proto=http;by=_edge'
  const whole = { for: '[2001:db8::1]:4711', proto: 'http', by: '_edge' }
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
      const last = readForwarded(`${pieces.join('')}, ${appended}`)?.at(-1)
      expect(last === undefined ? whole : Object.fromEntries(last)).toEqual(whole)
    }),
    { numRuns: 5000 },
  )
})
