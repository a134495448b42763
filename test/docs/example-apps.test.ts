// The applications in examples/, each started as its header says and used over HTTP.
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type Application, type Launch, runToEnd, startApplication } from './harness/application.ts'
import { trusting } from './harness/trusting.ts'
import { leaveMidForm, type Seen, type Visitor, visitor } from './harness/visitor.ts'
import { blocks, page, ROOT } from './pages.ts'

const ELEVEN_MINUTES = 11 * 60_000
const PASSWORD = 'difference engine'
const COOKIE = /^__Host-Http-sid=sjs_[A-Za-z0-9_-]{88}; Path=\/; HttpOnly; Secure; SameSite=Lax$/

const EXAMPLES = [
  'node/app.ts',
  'web/serve.ts',
  'express/app.ts',
  'fastify/app.ts',
  'hono/app.ts',
  'koa/app.ts',
]

describe.each(EXAMPLES)('examples/%s', { timeout: 60_000 }, (file) => {
  const folder = mkdtempSync(join(tmpdir(), 'sojourn-example-'))
  const launch: Launch = {
    cwd: folder,
    args: [join(ROOT, 'examples', file)],
    env: { SESSION_SECRET: randomBytes(48).toString('base64'), PORT: '0' },
  }
  let application: Application
  /** Signed in from the beginning to the end. */
  let ada: Visitor

  beforeAll(async () => {
    application = await startApplication(launch)
    ada = await signedIn()
  }, 60_000)

  afterAll(async () => {
    await application.stop('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  })

  async function signedIn(): Promise<Visitor> {
    const somebody = visitor(application.url)
    expect(await signIn(somebody)).toMatchObject({ status: 303, location: '/' })
    return somebody
  }

  it('does not start without a secret, and says how to make one', async () => {
    const { code, printed } = await runToEnd({ ...launch, env: { SESSION_SECRET: '' } })
    expect(code).toBe(78)
    expect(printed).toContain('SESSION_SECRET is not set.')
    expect(printed).toContain('openssl rand -base64 48')
  })

  it('answers a wrong name and a wrong password alike', async () => {
    const somebody = visitor(application.url)
    const [wrongName, wrongPassword] = [
      await signIn(somebody, { name: 'nobody' }),
      await signIn(somebody, { password: 'wrong' }),
    ]
    for (const { status, body, cookies } of [wrongName, wrongPassword]) {
      expect({ status, cookies }).toEqual({ status: 401, cookies: [] })
      expect(body).toContain('Wrong name or password.')
    }
    expect(await name(somebody)).toBe('stranger')
  })

  it('signs in with a cookie that no script and no other site gets', async () => {
    const somebody = visitor(application.url)
    const { cookies, headers } = await signIn(somebody)
    expect(cookies).toEqual([expect.stringMatching(COOKIE)])
    expect(headers.get('cache-control')).toBe('no-store')
    expect(await name(somebody)).toBe('ada')
    expect(await name(visitor(application.url))).toBe('stranger')
  })

  it('keeps somebody signed in beyond the browser only when asked to', async () => {
    const { cookies } = await signIn(visitor(application.url), { remember: 'yes' })
    expect(cookies).toEqual([expect.stringMatching(/; Max-Age=25\d{5};/)])
  })

  it('carries what a stranger chose across the sign-in', async () => {
    const somebody = visitor(application.url)
    const before = await somebody.get('/')
    expect(before.body).toContain('color-scheme: light')
    expect(before.cookies).toEqual([])
    expect(await somebody.post('/theme', { theme: 'dark' })).toMatchObject({ status: 303, location: '/' })
    const strangers = somebody.cookie()
    expect((await somebody.get('/')).body).toContain('color-scheme: dark')
    await signIn(somebody)
    expect(somebody.cookie()).not.toBe(strangers)
    expect((await somebody.get('/')).body).toContain('color-scheme: dark')
  })

  it('signs out the other devices when the password was given again', async () => {
    const [here, there] = [ada, await signedIn()]
    expect((await here.get('/devices')).body.match(/Firefox on Linux/g)?.length).toBeGreaterThanOrEqual(2)
    await application.ask({ advance: ELEVEN_MINUTES })

    const asked = await here.post('/devices')
    expect(asked.status).toBe(403)
    expect(asked.body).toContain('name="password"')
    expect((await here.post('/devices', { password: 'wrong' })).status).toBe(403)
    expect(await name(there)).toBe('ada')

    const done = await here.post('/devices', { password: PASSWORD })
    expect(done).toMatchObject({ status: 303, location: '/devices' })
    expect(done.cookies).toEqual([expect.stringMatching(COOKIE)])
    expect(await name(there)).toBe('stranger')
    expect((await here.get('/devices')).body.match(/<li>/g)).toHaveLength(1)
  })

  it('shows devices to nobody else', async () => {
    const stranger = visitor(application.url)
    expect(await stranger.get('/devices')).toMatchObject({ status: 303, location: '/sign-in' })
  })

  it('signs out for good', async () => {
    const somebody = await signedIn()
    await somebody.get('/')
    const thief = somebody.copy()
    const out = await somebody.post('/sign-out')
    expect(out).toMatchObject({ status: 303, location: '/' })
    expect(out.cookies).toEqual([expect.stringMatching(/^__Host-Http-sid=; Max-Age=0;/)])
    expect(out.headers.get('clear-site-data')).toBe('"storage"')
    expect(await name(thief)).toBe('stranger')
  })

  it('does nothing that a page of another site asks for', async () => {
    await ada.get('/')
    expect(await ada.postFromElsewhere('/sign-out')).toMatchObject({ status: 403, cookies: [] })
    expect(await name(ada)).toBe('ada')
    const stranger = visitor(application.url)
    await stranger.get('/sign-in')
    const login = await stranger.postFromElsewhere('/sign-in', { name: 'ada', password: PASSWORD })
    expect(login).toMatchObject({ status: 403, cookies: [] })
  })

  it('takes no form without the token of its page', async () => {
    const refused = await ada.copy().post('/sign-out')
    expect(refused).toMatchObject({ status: 403, cookies: [] })
    expect(refused.body).toContain('This form is out of date.')
    expect((await ada.copy().post('/sign-out', { _csrf: 'x'.repeat(30_000) })).status).not.toBe(303)
    expect(await name(ada)).toBe('ada')
  })

  it('goes on when somebody leaves in the middle of a form', async () => {
    await leaveMidForm(application.url, '/sign-in')
    expect(await name(ada)).toBe('ada')
  })

  it('sends its pages with a policy that allows their own style alone', async () => {
    const { headers, body } = await visitor(application.url).get('/')
    const [, nonce = 'none'] = /<style nonce="([^"]+)">/.exec(body) ?? []
    expect(headers.get('content-security-policy')).toContain(`style-src 'self' 'nonce-${nonce}'`)
    expect(headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(headers.get('cache-control')).toBe('no-store')
  })

  it('stops in good order, and whoever was signed in still is after a restart', async () => {
    expect(await application.stop()).toBe(0)
    expect(application.printed()).not.toContain('Warning')
    application = await startApplication(launch)
    expect(await name(ada.copy(application.url))).toBe('ada')
  })
})

describe('over HTTPS', { timeout: 60_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'sojourn-example-'))
  const [keyFile, certificateFile] = ['.data/key.pem', '.data/certificate.pem']
  const env = { SESSION_SECRET: randomBytes(48).toString('base64'), PORT: '0' }
  let application: Application | undefined

  beforeAll(() => {
    const made = blocks(page('examples/README.md'), 'sh').find(({ code }) => code.includes('TLS_KEY'))
    execFileSync('sh', ['-ec', made?.code ?? ''], { cwd: folder, stdio: 'pipe' })
  })

  afterEach(async () => await application?.stop('SIGKILL'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  function launch(file: string, tls: Readonly<Record<string, string>>): Launch {
    return { cwd: folder, args: [join(ROOT, 'examples', file)], env: { ...env, ...tls } }
  }

  it.each(EXAMPLES)('examples/%s signs in under a name that needs encryption', async (file) => {
    const tls = { TLS_KEY: keyFile, TLS_CERTIFICATE: certificateFile }
    application = await startApplication(launch(file, tls))
    expect(application.url).toMatch(/^https:/)
    const ca = readFileSync(join(folder, certificateFile), 'utf8')
    const somebody = visitor(application.url, { send: trusting({ ca, host: 'shop.example' }) })
    const { status, location, cookies, headers } = await signIn(somebody)
    expect({ status, location }).toEqual({ status: 303, location: '/' })
    expect(cookies).toEqual([expect.stringMatching(COOKIE)])
    expect(headers.get('strict-transport-security')).toBe(null)
    expect((await somebody.get('/')).headers.get('strict-transport-security')).toBe(null)
    expect(await name(somebody)).toBe('ada')
    expect(await application.stop()).toBe(0)
  })

  it.each([
    ['a key alone', { TLS_KEY: keyFile }, 'TLS_KEY is set and TLS_CERTIFICATE is not.'],
    [
      'a certificate alone',
      { TLS_CERTIFICATE: certificateFile, TLS_KEY: '' },
      'TLS_CERTIFICATE is set and TLS_KEY is not.',
    ],
    [
      'a key that is not there',
      { TLS_KEY: 'nowhere.pem', TLS_CERTIFICATE: certificateFile },
      "The file that TLS_KEY names cannot be read: ENOENT: no such file or directory, open 'nowhere.pem'.",
    ],
    [
      'a folder for a certificate',
      { TLS_KEY: keyFile, TLS_CERTIFICATE: folder },
      'The file that TLS_CERTIFICATE names cannot be read: EISDIR',
    ],
    [
      'a certificate for a key',
      { TLS_KEY: certificateFile, TLS_CERTIFICATE: certificateFile },
      'TLS_KEY and TLS_CERTIFICATE must name a key and its certificate, both PEM: ',
    ],
  ])('does not start with %s, and says why', async (_, tls, message) => {
    const { code, printed } = await runToEnd(launch('node/app.ts', tls))
    expect(code).toBe(78)
    expect(printed).toContain(message)
    expect(printed).not.toContain('    at ')
  })
})

async function signIn(
  somebody: Visitor,
  fields: { readonly name?: string; readonly password?: string; readonly remember?: string } = {},
): Promise<Seen> {
  await somebody.get('/sign-in')
  return await somebody.post('/sign-in', { name: 'ada', password: PASSWORD, ...fields })
}

async function name(somebody: Visitor): Promise<string> {
  const { body } = await somebody.get('/')
  return /<h1>Hello (\w+)<\/h1>/.exec(body)?.[1] ?? body
}
