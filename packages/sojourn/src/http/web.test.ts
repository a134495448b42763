import { describe, expect, test } from 'vitest'
import { isLoopbackRequest, webExchange } from './web.ts'

describe('what counts as this very machine', () => {
  test.each(['localhost', '127.0.0.1', '127.255.0.9', '[::1]'])('%s', (host) => {
    expect(isLoopbackRequest(host, () => false)).toBe(true)
  })

  test.each([
    'localhost.evil.example',
    'evil-localhost',
    'LOCALHOST.',
    '127.0.0.1.evil.example',
    '1127.0.0.1',
    '[::2]',
    '::1',
    '0.0.0.0',
    '10.0.0.1',
    '',
    '[::ffff:10.0.0.1]',
  ])('not %j', (host) => {
    expect(isLoopbackRequest(host, () => false)).toBe(false)
  })
})

test.each([
  ['https://shop.example/', 'https'],
  ['http://localhost:3000/', 'loopback'],
  ['http://127.0.0.1/', 'loopback'],
  ['http://LOCALHOST/', 'loopback'],
  ['http://shop.example/', 'insecure'],
  ['http://localhost@shop.example/x', 'insecure'],
  ['http://localhost.shop.example/', 'insecure'],
])('%s is %s', (url, connection) => {
  const request =
    URL.canParse(url) && !url.includes('@') ? new Request(url) : ({ url, headers: new Headers() } as Request)
  expect(webExchange(request, {}).connection()).toBe(connection)
})

test.each(['forwarded', 'x-forwarded-for', 'x-forwarded-proto', 'via'])(
  'localhost with %s came through a proxy',
  (name) => {
    expect(isLoopbackRequest('localhost', (asked) => asked === name)).toBe(false)
    expect(webExchange(new Request('http://localhost/', { headers: { [name]: 'x' } }), {}).connection()).toBe(
      'insecure',
    )
  },
)

test('forwarded headers are believed by nobody', () => {
  const headers = {
    'x-forwarded-proto': 'https',
    'x-forwarded-for': '6.6.6.6',
    forwarded: 'proto=https',
    'x-real-ip': '6.6.6.6',
  }
  const exchange = webExchange(new Request('http://shop.example/', { headers }), { address: '192.0.2.1' })
  expect(exchange.connection()).toBe('insecure')
  expect(exchange.address()).toBe('192.0.2.1')
})
