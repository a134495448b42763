// The files that the README and docs/getting-started show are saved as their readers would, run, and used over HTTP.
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { get } from 'node:https'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterEach, describe, expect, it } from 'vitest'
import {
  ANY_PORT,
  type Application,
  type Launch,
  runToEnd,
  startApplication,
  SURROUNDINGS,
} from './harness/application.ts'
import { leaveMidForm, type Visitor, visitor } from './harness/visitor.ts'
import { blocks, fileOn, page, ROOT } from './pages.ts'
import { type Workbench, workbench } from './workbench.ts'

const PASSWORD = 'difference engine'
const COOKIE = /^__Host-Http-sid=sjs_[A-Za-z0-9_-]{88}; Path=\/; HttpOnly; Secure; SameSite=Lax$/

const PAGES = ['express', 'fastify', 'hono', 'koa', 'node', 'web'].map(
  (name) => `docs/getting-started/${name}.md`,
)
const WEB = 'docs/getting-started/web.md'

let bench: Workbench | undefined
let application: Application | undefined

afterEach(async () => {
  await application?.stop('SIGKILL')
  bench?.remove()
  application = undefined
})

describe.each(PAGES)('the login of %s', { timeout: 60_000 }, (path) => {
  it('signs in with the right password from its own page, and out for good, whoever leaves meanwhile', async () => {
    const launch = prepared(path, 'app.ts')
    application = await startApplication(launch, [ANY_PORT])
    const ada = visitor(application.url)
    expect(await ada.get('/')).toMatchObject({ status: 200, cookies: [] })
    expect((await ada.get('/')).headers.get('content-type')).toMatch(/^text\/html; charset=utf-8$/i)

    const credentials = { name: 'ada', password: PASSWORD }
    expect((await ada.post('/sign-in', { ...credentials, password: 'wrong' })).cookies).toEqual([])
    expect((await ada.post('/sign-in', { ...credentials, name: 'bob' })).cookies).toEqual([])
    expect((await ada.post('/sign-in')).cookies).toEqual([])
    const forged = await ada.postFromElsewhere('/sign-in', credentials)
    expect(forged).toMatchObject({ status: 403, cookies: [] })
    expect(await greeting(ada)).toBe(undefined)

    const signedIn = await ada.post('/sign-in', credentials)
    expect(signedIn).toMatchObject({ location: '/', cookies: [expect.stringMatching(COOKIE)] })
    expect(signedIn.headers.get('cache-control')).toBe('no-store')
    expect(await greeting(ada)).toBe('Hello ada')
    expect(await greeting(visitor(application.url))).toBe(undefined)

    await leaveMidForm(application.url, '/sign-in')
    expect(await greeting(ada)).toBe('Hello ada')

    await application.stop('SIGKILL')
    application = await startApplication(launch, [ANY_PORT])
    const [again, thief] = [ada.copy(application.url), ada.copy(application.url)]
    expect(await greeting(again)).toBe('Hello ada')
    const signedOut = await again.post('/sign-out')
    expect(signedOut.cookies).toEqual([expect.stringMatching(/=; Max-Age=0;/)])
    expect(await greeting(thief)).toBe(undefined)
  })
})

describe('the login of the README', () => {
  it('is the one of the Express page', () => {
    expect(fileOn('README.md', 'app.ts')).toBe(fileOn('docs/getting-started/express.md', 'app.ts'))
  })

  it('does not start without a secret, and says how to make one', { timeout: 60_000 }, async () => {
    const launch = prepared('README.md', 'app.ts')
    const { code, printed } = await runToEnd({ ...launch, env: { SESSION_SECRET: '' } }, [ANY_PORT])
    expect(code).toBe(1)
    expect(printed).toContain('Use the output of `openssl rand -base64 48`.')
  })

  it('is short', () => {
    const lines = fileOn('README.md', 'app.ts').split('\n')
    const body = lines.filter((line) => line !== '' && !line.startsWith('import '))
    expect(body.length).toBeLessThanOrEqual(16)
  })
})

describe.each(PAGES)('%s', { timeout: 60_000 }, (path) => {
  it('shows typed data that is kept from one request to the next', async () => {
    const somebody = await visiting(path, 'typed.ts')
    expect((await somebody.get('/theme')).body).toBe('light')
    expect(await somebody.post('/theme/dark')).toMatchObject({ status: 204 })
    expect((await somebody.get('/theme')).body).toBe('dark')
  })

  it('shows an answer of one’s own to what was refused', async () => {
    const somebody = await visiting(path, 'problems.ts')
    const refused = await somebody.postFromElsewhere('/visit')
    expect(refused).toMatchObject({ status: 403, body: 'This request came from another site.', cookies: [] })
    expect(refused.headers.get('content-type')).toMatch(/^text\/plain/)
    expect(await somebody.post('/visit')).toMatchObject({ status: 204 })
  })

  it('shows a test that passes, and that would not without the session', async () => {
    const launch = prepared(path, 'shop.test.ts')
    const run = { ...launch, args: ['--test', 'shop.test.ts'] }
    expect(await runToEnd(run)).toMatchObject({ code: 0, printed: expect.stringMatching(/pass 1\b/) })
    const withoutSession = fileOn(path, 'shop.test.ts')
      .replaceAll('{ headers }', '{}')
      .replace(', headers', '')
    bench?.write('shop.test.ts', withoutSession)
    expect(await runToEnd(run)).toMatchObject({ code: 1, printed: expect.stringMatching(/fail 1\b/) })
  })
})

describe.each(PAGES.filter((path) => path !== WEB))('%s', { timeout: 60_000 }, (path) => {
  it('shows how to name the type of the handle', async () => {
    const somebody = await visiting(path, 'augmented.ts')
    await somebody.post('/visit')
    await somebody.post('/visit')
    expect((await somebody.get('/visits')).body).toBe('2')
  })
})

it('the listener of node:http serves HTTPS', { timeout: 60_000 }, async () => {
  const pem = readFileSync(join(ROOT, 'test/http/harness/localhost.pem'), 'utf8')
  const launch = prepared('docs/getting-started/node.md', 'https.ts')
  for (const file of ['shop.key', 'shop.pem']) bench?.write(file, pem)
  application = await startApplication(launch, [SURROUNDINGS, ANY_PORT])
  const url = application.url.replace('http:', 'https:')
  const body = await new Promise<string>((found, failed) => {
    get(url, { ca: pem }, (response) => void text(response).then(found)).on('error', failed)
  })
  expect(body).toBe('Hello stranger')
})

/** All files of a page are saved; this one is to be run. What only exports a handler is run by the page's bridge. */
function prepared(path: string, file: string): Launch {
  bench = workbench()
  for (const block of blocks(page(path), 'ts'))
    if (block.file !== undefined) bench.write(block.file, block.code)
  if (path === WEB) bench.write('app.ts', fileOn(path, file))
  const env = { SESSION_SECRET: randomBytes(48).toString('base64') }
  return { cwd: bench.path, args: [path === WEB ? 'serve.ts' : file], env }
}

async function visiting(path: string, file: string): Promise<Visitor> {
  application = await startApplication(prepared(path, file), [SURROUNDINGS, ANY_PORT])
  return visitor(application.url)
}

async function greeting(somebody: Visitor): Promise<string | undefined> {
  return /Hello \w+/.exec((await somebody.get('/')).body)?.[0]
}
