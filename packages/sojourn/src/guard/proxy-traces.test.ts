/** Headers by which a request shows that it came through a proxy, whether or not that one was named. */
import { describe, expect, test } from 'vitest'
import { type Arrival, clientOf } from './client-address.ts'

function arrival(headers: Readonly<Record<string, string>>, facts: Partial<Arrival> = {}): Arrival {
  return {
    peer: '127.0.0.1',
    encrypted: false,
    host: 'localhost',
    header: (name) => headers[name],
    ...facts,
  }
}

describe.each([
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-real-ip',
  'via',
])('%s', (name) => {
  test.each([
    { peer: '127.0.0.1' },
    { peer: '::1' },
    { peer: 'unseen' },
    { peer: '127.0.0.1', host: '127.0.0.1:3000' },
  ])('is not from this machine, seen from %o', (facts) => {
    expect(clientOf(arrival({}, facts), undefined).connection).toBe('loopback')
    expect(clientOf(arrival({ [name]: '203.0.113.9' }, facts), undefined).connection).toBe('insecure')
    expect(clientOf(arrival({ [name]: '' }, facts), undefined).connection).toBe('insecure')
  })

  test('changes neither address nor scheme nor host, and makes HTTPS no less', () => {
    const headers = { [name]: 'https' }
    const plain = clientOf(arrival({}), undefined)
    expect(clientOf(arrival(headers), undefined)).toEqual({ ...plain, connection: 'insecure' })
    expect(clientOf(arrival(headers, { encrypted: true }), undefined).connection).toBe('https')
  })
})

test.each(['cf-connecting-ip', 'user-agent', 'x-forwarded'])('%s tells of no proxy', (name) => {
  expect(clientOf(arrival({ [name]: 'x' }), undefined).connection).toBe('loopback')
})
