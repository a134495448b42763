import { describe, expect, test } from 'vitest'
import { clientOf } from '../guard/client-address.ts'
import { webExchange } from './web.ts'

describe('what is known of the client without proxies', () => {
  test.each([
    ['https://shop.example/', 'https'],
    ['http://localhost:3000/', 'loopback'],
    ['http://127.0.0.1/', 'loopback'],
    ['http://LOCALHOST/', 'loopback'],
    ['http://shop.example/', 'insecure'],
    ['http://localhost.shop.example/', 'insecure'],
  ])('%s is %s', (url, connection) => {
    expect(clientOf(webExchange(new Request(url), {}), undefined).connection).toBe(connection)
  })

  test('localhost from elsewhere is not this machine', () => {
    const exchange = webExchange(new Request('http://localhost/'), { address: '192.0.2.1' })
    expect(clientOf(exchange, undefined).connection).toBe('insecure')
  })

  test.each(['forwarded', 'x-forwarded-for', 'x-forwarded-proto', 'via'])(
    'localhost with %s came through a proxy',
    (name) => {
      const request = new Request('http://localhost/', { headers: { [name]: 'x' } })
      expect(clientOf(webExchange(request, {}), undefined).connection).toBe('insecure')
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
    expect(clientOf(exchange, undefined)).toMatchObject({ connection: 'insecure', address: '192.0.2.1' })
  })
})
