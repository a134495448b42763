import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isLoopbackHost, readHost } from './host.ts'

test.each<[string, string]>([
  ['shop.example', 'shop.example'],
  ['Shop.EXAMPLE', 'shop.example'],
  ['shop.example:8080', 'shop.example:8080'],
  ['shop.example:80', 'shop.example'],
  ['shop.example:443', 'shop.example:443'],
  ['xn--bcher-kva.example', 'xn--bcher-kva.example'],
  ['my_app.local', 'my_app.local'],
  ['localhost', 'localhost'],
  ['192.0.2.1:3000', '192.0.2.1:3000'],
  ['[2001:DB8:0::1]:3000', '[2001:db8::1]:3000'],
  ['[::1]', '[::1]'],
])('%s is %s', (text, host) => {
  expect(readHost(text, 'http')).toBe(host)
})

test('the usual port is the scheme’s own', () => {
  expect(readHost('shop.example:443', 'https')).toBe('shop.example')
  expect(readHost('shop.example:80', 'https')).toBe('shop.example:80')
})

test.each([
  '',
  ' ',
  'a b',
  'a,b',
  'a, b',
  'user@shop.example',
  'shop.example/',
  'shop.example/x',
  'shop.example?x',
  'shop.example#x',
  'shop.example\\x',
  'shop.example:',
  'shop.example:x',
  'shop.example:-1',
  'shop.example:65536',
  'shop.example:080808',
  '.example',
  'a..b',
  'shop.example.',
  '256.1.1.1',
  '1.2.3.4.5',
  '[::1',
  '::1',
  '[]',
  '[1.2.3.4]',
  '[fe80::1%25eth0]',
  'b\u00fccher.example',
  'b%C3%BCcher.example',
  'xn--\u00fc',
  'a\u0000',
  'a\tb',
  'a\r\nb',
  '*',
  '*.example',
  `${'a'.repeat(2048)}.example`,
])('not a host: %j', (text) => {
  expect(readHost(text, 'https')).toBeUndefined()
})

test('whatever it takes is the host of the origin that a browser would send, and nothing is decoded or left out', () => {
  const piece = fc.constantFrom(
    'a',
    'B',
    'xn--',
    '1',
    '.',
    '-',
    '_',
    ':',
    '80',
    '443',
    '[',
    ']',
    '::1',
    '@',
    '/',
    '%',
    '\\',
    ' ',
    '\u00e4',
    '\u3002',
    '#',
  )
  fc.assert(
    fc.property(
      fc.array(piece, { minLength: 1, maxLength: 8 }),
      fc.constantFrom('http' as const, 'https' as const),
      (pieces, scheme) => {
        const text = pieces.join('')
        const host = readHost(text, scheme)
        if (host === undefined) return
        expect(new URL(`${scheme}://${text}/path`).origin).toBe(`${scheme}://${host}`)
        expect(text).toMatch(/^[\w.:[\]-]+$/)
      },
    ),
    { numRuns: 5000 },
  )
})

test.each<[string, boolean]>([
  ['localhost', true],
  ['localhost:3000', true],
  ['127.0.0.1', true],
  ['127.255.0.9:80', true],
  ['[::1]:3000', true],
  ['localhost.evil.example', false],
  ['evil-localhost', false],
  ['127.0.0.1.evil.example', false],
  ['1127.0.0.1', false],
  ['[::2]', false],
  ['0.0.0.0', false],
  ['10.0.0.1', false],
  ['localhost:3000:3', false],
])('%s is this machine: %s', (host, expected) => {
  expect(isLoopbackHost(host)).toBe(expected)
})
