// What docs/live-connections.md shows is run: streams and sockets begin with a session and end with it.
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { afterEach, describe, expect, it } from 'vitest'
import { ANY_PORT, type Application, startApplication, SURROUNDINGS } from './harness/application.ts'
import { fileOn } from './pages.ts'
import { type Workbench, workbench } from './workbench.ts'

interface SignedIn {
  readonly headers: Readonly<Record<string, string>>
  readonly sessionId: string
}

const STREAM = { accept: 'text/event-stream', 'sec-fetch-site': 'same-origin' }
const HELLO = 'data: hello ada\n\n'

let bench: Workbench | undefined
let application: Application | undefined

afterEach(async () => {
  await application?.stop('SIGKILL')
  bench?.remove()
})

describe.each(['stream.ts', 'stream-fastify.ts', 'stream-koa.ts', 'stream-hono.ts'])('%s', (file) => {
  it('begins with a session of our own page and ends with it', { timeout: 30_000 }, async () => {
    const { url, ask } = await started(file)
    expect((await fetch(url, { headers: STREAM })).status).toBe(401)
    const { headers, sessionId } = await ask<SignedIn>({ signIn: 'ada' })
    const elsewhere = { ...headers, ...STREAM, 'sec-fetch-site': 'cross-site' }
    expect((await fetch(url, { headers: elsewhere })).status).toBe(403)

    const response = await fetch(url, { headers: { ...headers, ...STREAM } })
    expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/)
    const pieces = response.body?.pipeThrough(new TextDecoderStream()).getReader()
    expect((await pieces?.read())?.value).toBe(HELLO)
    expect(await ask({ end: sessionId })).toBe(true)
    expect((await pieces?.read())?.value).toMatch(/^event: signed-out\ndata:\s*\n\n$/)
    expect(await pieces?.read()).toMatchObject({ done: true })
  })
})

describe('websockets.ts', () => {
  it('begins with a session of our own page and ends with it', { timeout: 30_000 }, async () => {
    const { url, ask } = await started('websockets.ts')
    expect(await handshake(url, { origin: url })).toBe(401)
    const { headers, sessionId } = await ask<SignedIn>({ signIn: 'ada' })
    expect(await handshake(url, { ...headers, origin: 'https://elsewhere.example' })).toBe(403)

    const socket = new WebSocket(url, { headers: { ...headers, origin: url } })
    const [hello] = (await once(socket, 'message')) as [MessageEvent]
    expect(hello.data).toBe('hello ada')
    const closed = once(socket, 'close') as Promise<[CloseEvent]>
    expect(await ask({ end: sessionId })).toBe(true)
    expect((await closed)[0].code).toBe(4001)
  })
})

async function started(file: string): Promise<Application> {
  bench = workbench()
  bench.write(file, fileOn('docs/live-connections.md', file))
  application = await startApplication({ cwd: bench.path, args: [file], env: {} }, [SURROUNDINGS, ANY_PORT])
  return application
}

/** The status with which a handshake was refused. */
async function handshake(
  url: string,
  headers: Readonly<Record<string, string>>,
): Promise<number | undefined> {
  const asked = request(url, { headers: { ...headers, connection: 'Upgrade', upgrade: 'websocket' } }).end()
  const [{ statusCode }] = (await once(asked, 'response')) as [IncomingMessage]
  return statusCode
}
