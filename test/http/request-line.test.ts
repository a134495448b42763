/** What is believed of a request: the connection and its peer, never a scheme or host that the client writes itself. */
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { ADAPTERS, type Adapter } from './harness/adapters.ts'
import { application } from './harness/application.ts'
import { headerLines, type WireResponse } from './harness/wire.ts'
import { startWorld } from './harness/world.ts'

const LOGIN = '/login?user=alice'

async function ask(adapter: Adapter, head: readonly string[]): Promise<WireResponse> {
  const world = await startWorld({ adapter })
  const wire = await world.wire()
  wire.write([...head, 'Content-Length: 0', '', ''].join('\r\n'))
  const answer = await wire.response()
  expect(world.errors).toEqual([])
  return answer
}

describe.each(ADAPTERS.filter(({ name }) => name !== 'web'))('$name', (adapter) => {
  test.each([
    ['its scheme is not believed', `POST https://shop.example${LOGIN} HTTP/1.1`, 'shop.example'],
    ['nor in capital letters', `POST HTTPS://shop.example${LOGIN} HTTP/1.1`, 'shop.example'],
    ['its host makes no other machine this one', `POST http://localhost${LOGIN} HTTP/1.1`, 'shop.example'],
  ])('a target with a host in it: %s', async (_what, line, host) => {
    const answer = await ask(adapter, [line, `Host: ${host}`])
    // Frameworks differ on whether they route such a target at all.
    expect(headerLines(answer, 'set-cookie')).toEqual([])
    expect(answer.status).toBeGreaterThanOrEqual(400)
    expect(answer.body).not.toMatch(/"(id|token)"/)
  })
})

describe.each(ADAPTERS)('$name: a proxy on this machine that is not named', (adapter) => {
  test.each([
    'Forwarded: for=203.0.113.9',
    'X-Forwarded-For: 203.0.113.9',
    'X-Forwarded-Proto: http',
    'X-Forwarded-Host: shop.example',
    'X-Forwarded-Port: 80',
    'X-Real-IP: 203.0.113.9',
    'Via: 1.1 proxy',
  ])('is not taken for a browser here when it sends %s', async (line) => {
    const answer = await ask(adapter, [`POST ${LOGIN} HTTP/1.1`, 'Host: localhost', line])
    expect([answer.status, headerLines(answer, 'set-cookie')]).toEqual([403, []])
    expect(JSON.parse(answer.body)).toMatchObject({ code: 'insecure_request' })
  })

  test('is one when it sends nothing of the kind', async () => {
    const answer = await ask(adapter, [`POST ${LOGIN} HTTP/1.1`, 'Host: localhost'])
    expect([answer.status, headerLines(answer, 'set-cookie').length]).toEqual([200, 1])
  })
})

/** The bridge below `web` in these tests passes an address on only where there is one. */
describe.each(ADAPTERS.filter(({ name }) => name !== 'web'))('$name: on a Unix socket', (adapter) => {
  async function askByUnix(trusted: readonly string[], scheme: string): Promise<string> {
    const world = await startWorld({ options: { proxies: { trusted } } })
    const folder = mkdtempSync(join(tmpdir(), 'sojourn-unix-'))
    const path = join(folder, 'socket')
    const server = createServer(
      await adapter.listener(world.sessions, application(), { onError: () => undefined }),
    )
    onTestFinished(() => {
      server.close()
      rmSync(folder, { recursive: true })
    })
    await new Promise<void>((resolve) => server.listen(path, resolve))
    return await new Promise((resolve) => {
      const pieces: string[] = []
      const socket = connect(path)
      socket.on('data', (piece) => pieces.push(piece.toString()))
      socket.on('close', () => resolve(pieces.join('')))
      const lines = ['Host: shop.example', 'X-Forwarded-For: 203.0.113.9', `X-Forwarded-Proto: ${scheme}`]
      socket.write(
        [`POST ${LOGIN} HTTP/1.1`, ...lines, 'Connection: close', 'Content-Length: 0', '', ''].join('\r\n'),
      )
    })
  }

  test('a proxy that was named is believed', async () => {
    expect(await askByUnix(['unix'], 'https')).toMatch(/^HTTP\/1\.1 200 .*\r\nset-cookie: __Host-/is)
    expect(await askByUnix(['unix'], 'http')).toMatch(/^HTTP\/1\.1 403 .*insecure_request/s)
  })

  test('one that was not named is believed by nobody', async () => {
    expect(await askByUnix(['10.0.0.7'], 'https')).toMatch(/^HTTP\/1\.1 403 .*insecure_request/s)
  })
})
