/** What node refuses when it is called, it refuses as well while the response is held: at the call, with the same code. */
import type { ServerResponse } from 'node:http'
import { describe, expect, test } from 'vitest'
import { RAW, startRaw } from './harness/raw.ts'
import type { WireResponse } from './harness/wire.ts'

type Call = (
  response: ServerResponse & Record<'write' | 'end' | 'writeHead', (...args: unknown[]) => unknown>,
) => unknown

const calls: readonly [string, Call][] = [
  ['writeHead(99)', (response) => response.writeHead(99)],
  ['writeHead(9999)', (response) => response.writeHead(9999)],
  ['writeHead(NaN)', (response) => response.writeHead(Number.NaN)],
  ['writeHead() of nothing', (response) => response.writeHead(undefined)],
  ['writeHead of a text', (response) => response.writeHead('404')],
  ['a header with a line break', (response) => response.writeHead(200, { 'x-a': 'a\r\nb' })],
  ['write(undefined)', (response) => response.write(undefined)],
  ['end(null)', (response) => response.end(null)],
  ['write of a number', (response) => response.write(5)],
  ['write of an object', (response) => response.write({})],
  ['write of bytes', (response) => response.write(new Uint8Array([97]))],
  ['end of a number', (response) => response.end(5)],
  ['end of an object', (response) => response.end({})],
]

/** HTTP/2 has no reason phrases. */
const callsOfHttp1: readonly [string, Call][] = [
  ['a reason with a line break', (response) => response.writeHead(200, 'a\r\nX-Injected: b')],
  ['a reason with letters that HTTP has not', (response) => response.writeHead(200, 'ж')],
  ['a reason that was set before', (response) => end(Object.assign(response, { statusMessage: 'a\r\nb' }))],
  ['a status that was set before', (response) => end(Object.assign(response, { statusCode: 9999 }))],
]

const end = (response: ServerResponse): unknown => response.end('said')

interface Outcome {
  readonly thrown: unknown
  readonly answer: WireResponse
}

async function outcomes(server: (typeof RAW)[number], call: Call): Promise<Record<'bare' | 'held', Outcome>> {
  const thrown: unknown[] = []
  const { client, errors } = await startRaw(server, ({ request, response, session }) => {
    if (request.url === '/held') session.set('note', 'kept')
    try {
      call(response as never)
      thrown.push(undefined)
    } catch (error) {
      thrown.push((error as { readonly code?: unknown }).code)
      response.statusCode = 400
      if (!server.http2) response.statusMessage = 'Refused'
    }
    if (!response.writableEnded) response.end('caught')
  })
  const bare = await client().post('/bare')
  const held = await client().post('/held')
  expect(held.complete).toBe(true)
  expect(held.bytes.toString()).not.toMatch(/x-injected/i)
  expect(errors).toEqual([])
  return { bare: { thrown: thrown[0], answer: bare }, held: { thrown: thrown[1], answer: held } }
}

describe.each(RAW.filter(({ http2 }) => !http2))('$name', (server) => {
  test.each([...calls, ...callsOfHttp1])('%s', async (_what, call) => {
    const { bare, held } = await outcomes(server, call)
    expect(held.thrown).toBe(bare.thrown)
    expect([held.answer.status, held.answer.body]).toEqual([bare.answer.status, bare.answer.body])
  })
})

/** Its own checks come later, or with other codes: what matters is that the handler hears of it and can answer. */
describe.each(RAW.filter(({ http2 }) => http2))('$name', (server) => {
  test.each(calls)('%s', async (_what, call) => {
    const { bare, held } = await outcomes(server, call)
    const isHeard = held.thrown !== undefined
    expect(isHeard || bare.thrown === undefined).toBe(true)
    expect(held.answer.status).toBe(isHeard ? 400 : bare.answer.status)
  })
})
