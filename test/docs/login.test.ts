// The logins of the README are extracted, started as applications, and used over HTTP.
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { type IncomingHttpHeaders, request as httpRequest } from 'node:http'
import { createInterface } from 'node:readline'
import { afterEach, describe, expect, it } from 'vitest'
import { blocks, page } from './pages.ts'
import { type Workbench, workbench } from './workbench.ts'

const SECRET = randomBytes(48).toString('base64')
const PASSWORD = 'difference engine'
const COOKIE = /^(__Host-Http-sid=sjs_[A-Za-z0-9_-]{88}); Path=\/; HttpOnly; Secure; SameSite=Lax$/

/** Serves the web-standard example on node:http, as an application on that server would. */
const BRIDGE = `
import { createServer } from 'node:http'
import { Readable } from 'node:stream'
import { handle } from './login.ts'
createServer(async (request, response) => {
  const url = \`http://\${request.headers.host}\${request.url}\`
  const body = request.method === 'POST' ? { body: Readable.toWeb(request), duplex: 'half' } : {}
  const answer = await handle(new Request(url, { method: request.method, headers: request.headers, ...body }))
  response.statusCode = answer.status
  for (const [name, value] of answer.headers) response.appendHeader(name, value)
  response.end(await answer.text())
}).listen(3000)
`

const [onNode, onWeb] = logins()
let bench: Workbench | undefined
let application: ChildProcess | undefined

afterEach(async () => {
  await stop()
  bench?.remove()
})

describe.each([
  ['node:http', onNode, undefined],
  ['web standards', onWeb, BRIDGE],
])('the login on %s', (_, login, bridge) => {
  it('signs in with the right password from its own page, and out for good', {
    timeout: 30_000,
  }, async () => {
    bench = workbench()
    bench.write('login.ts', bridge === undefined ? onAnyPort(login) : login)
    bench.write('main.ts', bridge === undefined ? `import './login.ts'` : onAnyPort(bridge))
    const first = await start(bench)

    expect(await first.post('/login', { password: 'wrong' })).toMatchObject({ status: 401, cookies: [] })
    expect(await first.post('/login', { password: PASSWORD, site: 'cross-site' })).toMatchObject({
      status: 403,
      cookies: [],
    })

    const signedIn = await first.post('/login', { password: PASSWORD })
    expect(signedIn).toMatchObject({
      status: 200,
      body: 'Hello ada',
      cookies: [expect.stringMatching(COOKIE)],
    })
    expect(signedIn.headers['cache-control']).toBe('no-store')
    const cookie = COOKIE.exec(signedIn.cookies[0] ?? '')?.[1] ?? ''
    expect(await first.get(cookie)).toMatchObject({ body: 'Hello ada', cookies: [] })
    expect(await first.get('')).toMatchObject({ body: 'Hello stranger', cookies: [] })

    await stop('SIGKILL')
    const second = await start(bench)
    expect((await second.get(cookie)).body).toBe('Hello ada')

    const signedOut = await second.post('/logout', { cookie })
    expect(signedOut).toMatchObject({
      body: 'Hello stranger',
      cookies: [expect.stringMatching(/=; Max-Age=0;/)],
    })
    expect((await second.get(cookie)).body).toBe('Hello stranger')
  })
})

it('is short', () => {
  const body = onNode.split('\n').filter((line) => line !== '' && !line.startsWith('import '))
  expect(body.length).toBeLessThanOrEqual(14)
})

function logins(): readonly [string, string] {
  const found = blocks(page('README.md'), 'ts').filter(({ code }) => code.includes('/login'))
  expect(found).toHaveLength(2)
  return [found[0]?.code ?? '', found[1]?.code ?? '']
}

/** The examples listen on 3000; here any free port does, and it is printed. */
function onAnyPort(code: string): string {
  expect(code).toContain('.listen(3000)')
  return code.replace(
    '.listen(3000)',
    `.listen(0, '127.0.0.1', function () { console.log(Object(this.address()).port) })`,
  )
}

interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly cookies: readonly string[]
  readonly body: string
}

interface Client {
  get(cookie: string): Promise<Answer>
  post(
    path: string,
    options: { readonly password?: string; readonly cookie?: string; readonly site?: string },
  ): Promise<Answer>
}

async function start({ path }: Workbench): Promise<Client> {
  application = spawn(process.execPath, ['--no-warnings', 'main.ts'], {
    cwd: path,
    env: { ...process.env, SESSION_SECRET: SECRET },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(application, 'exit').then(([code]) => {
    throw new Error(`The example ended with ${code} before it listened.`)
  })
  ended.catch(() => undefined)
  const lines = createInterface({ input: application.stdout as NodeJS.ReadableStream })
  const [line] = (await Promise.race([once(lines, 'line'), ended])) as [string]
  const send = sender(Number(line))
  return {
    get: (cookie) => send({ method: 'GET', path: '/', headers: { cookie }, body: '' }),
    post: (where, { password = '', cookie = '', site = 'same-origin' }) =>
      send({
        method: 'POST',
        path: where,
        headers: { cookie, 'sec-fetch-site': site, 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({ name: 'ada', password }).toString(),
      }),
  }
}

interface Sent {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

function sender(port: number): (sent: Sent) => Promise<Answer> {
  return async ({ method, path, headers, body }) => {
    const request = httpRequest({ port, host: 'localhost', family: 4, method, path, headers, agent: false })
    request.end(body)
    const [response] = (await once(request, 'response')) as [import('node:http').IncomingMessage]
    let text = ''
    for await (const chunk of response.setEncoding('utf8')) text += chunk
    return {
      status: response.statusCode ?? 0,
      headers: response.headers,
      cookies: response.headers['set-cookie'] ?? [],
      body: text,
    }
  }
}

async function stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
  const running = application
  application = undefined
  if (running === undefined || running.exitCode !== null) return
  const gone = once(running, 'exit')
  running.kill(signal)
  await gone
}
